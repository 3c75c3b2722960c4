"""What staff write: campaigns, look-ups, schedules, subject tests, approvals."""
