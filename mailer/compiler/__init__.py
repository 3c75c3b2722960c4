"""A campaign, compiled once for each variant."""
