"""One full round, played against running services through their public doors alone, with made-up
people.
"""
