"""Exactly once in effect: the outbox, its relay, and the consumer that moves position and effect
together. See README.md.
"""
