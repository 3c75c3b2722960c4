"""The values of the ledger: what is recorded of sends, deliveries and events."""
