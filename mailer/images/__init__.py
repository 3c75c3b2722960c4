"""Pictures in campaigns: files, resized for mail and published under a name that never changes."""
