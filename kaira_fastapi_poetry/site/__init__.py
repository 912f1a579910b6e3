"""Run time: a bundle becomes responses."""
