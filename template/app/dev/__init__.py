"""For work on the service; nothing of it is imported where it runs."""
