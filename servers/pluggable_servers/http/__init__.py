"""The component that calls HTTP services."""
