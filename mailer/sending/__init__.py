"""Sending a campaign: plan, send loop, rate, reputation."""
