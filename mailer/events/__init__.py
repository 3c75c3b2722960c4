"""What Amazon SES reports, from JSON to the store."""
