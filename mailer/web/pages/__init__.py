"""The recipients' pages."""
