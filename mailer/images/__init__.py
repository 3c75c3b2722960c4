"""Pictures in campaigns: resized for mail, and published under a name that never changes."""
