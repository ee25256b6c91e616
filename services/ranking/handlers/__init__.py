"""The ways in: what ranking hears, what people ask of it, and its page."""
