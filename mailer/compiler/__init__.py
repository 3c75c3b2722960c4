"""Compile a campaign once for each variant."""
