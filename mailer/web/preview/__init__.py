"""The preview: every campaign as its recipients will see it, in a browser on this machine only."""
