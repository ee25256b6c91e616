"""One file for each thing that the service does; one transaction each, which it is handed in."""
