"""A variant and a recipient, made into a message."""
