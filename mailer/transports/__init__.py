"""Transports: a folder of .eml files, Amazon SES, and an SMTP server for test mail."""
