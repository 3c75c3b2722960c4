"""Rehearsals of large sends against the fake SES."""
