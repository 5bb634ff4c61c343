"""A sidecar's components: who serves their types, how they come to life, where they are looked up."""
