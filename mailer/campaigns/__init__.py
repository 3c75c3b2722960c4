"""What staff write: campaigns, look-ups, schedules, A/B tests, approvals."""
