"""The component that fires on a schedule."""
