"""The ways out: a folder of .eml files, or Amazon SES."""
