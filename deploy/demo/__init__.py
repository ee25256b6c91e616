"""One full round, played against running services through their public interfaces alone.

The people are made up; `play.py` tells the round from its beginning to its end.
"""
