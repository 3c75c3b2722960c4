"""Events from Amazon SES, from JSON to the store."""
