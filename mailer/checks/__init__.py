"""Findings about a mail before it is sent: about its words, its looks and its audience."""
