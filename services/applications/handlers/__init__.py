"""How requests and events come in: each handler calls one use case."""
