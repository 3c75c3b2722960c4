"""Transports: a folder of .eml files, or Amazon SES."""
