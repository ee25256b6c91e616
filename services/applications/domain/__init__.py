"""What the applications service decides, in pure functions: time, ids and randomness come in as
arguments.
"""
