"""What the application tells of itself: logs and metrics."""
