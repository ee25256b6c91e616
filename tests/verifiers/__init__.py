"""Two programs verify published lists; here they are held against each other."""
