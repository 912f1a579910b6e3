"""Where Kaira runs: hosts, what delivers to them, and clouds."""
