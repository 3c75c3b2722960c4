"""Programs that measure what users wait for, and take screenshots."""
