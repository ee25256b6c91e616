"""The rules of complaints and flags: pure, and told the time."""
