"""A project's own folder: how it begins, and its copies of the templates that come with mailer."""
