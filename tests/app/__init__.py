"""Tests of the application alone, without an edge in front."""
