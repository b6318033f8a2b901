"""How fast the service is beside the best that its libraries allow: `make bench`."""
