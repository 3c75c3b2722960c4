"""A petition file that uses every key."""

from __future__ import annotations

PATH = "campaigns/petitions/night-bus.md"
TEXT = """---
title: Bring back the last bus home
to: [The governors, State transit directors]
goal: 50,000
list: members
ask: [zip, comment]
consent: Yes, write to me about buses.
closes: 2026-04-09
next:
  text: Tell us about your line
  url: https://www.example.org/lines
---
Run every trunk line until one in the morning.

## Why is this important?

A night bus is never full.[^riders]

[^riders]: Riders' Council, [December](https://riders.example.org/).
"""
