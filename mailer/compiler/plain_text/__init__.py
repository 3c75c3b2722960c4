"""Parsed Markdown, and HTML in it → the text part, for people who read mail as text.

All that the HTML part shows has a form here: links as `words <URL>`, pictures as their description,
tables aligned or row by row. Lines are broken at 72 columns and not marked `format=flowed` (RFC
3676): Gmail, Outlook and Apple Mail on telephones show such text with the breaks it has, and where
it is honored, tables and numbered steps run together.
"""
