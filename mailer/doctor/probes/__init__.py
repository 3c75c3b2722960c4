"""Probes that ask for the facts: name servers, the site, the Amazon account."""
