"""The comparison with peers: `make bench`."""
