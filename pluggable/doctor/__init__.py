"""Looks at components' sockets and YAML as a daprd does, and says what it would make of them."""
