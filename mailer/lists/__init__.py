"""Files of subscribers: read, understood, cleaned, written."""
