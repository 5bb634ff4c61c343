"""Component on memcached."""
