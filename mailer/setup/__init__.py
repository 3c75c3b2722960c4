"""A new project's folder, and its copies of the templates that come with mailer."""
