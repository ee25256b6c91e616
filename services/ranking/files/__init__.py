"""Standings out of files: the domain's rules over columns, with neither server nor log.

DuckDB reads and writes; it compares nobody.
"""
