"""Make a message of a variant and a recipient."""
