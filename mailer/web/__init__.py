"""Web applications: the recipients' pages and the preview."""
