"""What state stores on SQL servers have in common."""
