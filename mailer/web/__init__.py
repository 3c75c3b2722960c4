"""What answers in a browser."""
