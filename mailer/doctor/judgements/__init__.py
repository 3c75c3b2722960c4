"""Judgements of the facts: ok, warning or error, and what to do."""
