"""Components that come with pluggable, a package for each backend, on its public names only."""
