"""CSS as a mail program applies it."""
