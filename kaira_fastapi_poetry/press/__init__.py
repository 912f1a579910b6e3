"""Build time: a folder becomes a bundle. Nothing of the run time imports this."""
