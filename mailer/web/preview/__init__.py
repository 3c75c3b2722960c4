"""Staff's browser: every campaign as its recipients will see it, on this machine only."""
