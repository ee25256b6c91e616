"""HTTP for every service: the app, identity, problems, effects that happen once, paging, files and
page layout.
"""
