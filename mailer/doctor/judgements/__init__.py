"""What the facts mean, and what to do."""
