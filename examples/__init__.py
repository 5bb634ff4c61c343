"""Programs that show what can be done; each is run by a test."""
