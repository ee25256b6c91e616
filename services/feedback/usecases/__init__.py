"""All that feedback does, one file each."""
