"""Exactly once in effect: the outbox, its relay, and the consumer. See README.md."""
