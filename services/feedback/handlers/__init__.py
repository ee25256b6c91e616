"""What comes in: requests and events, each to its use case."""
