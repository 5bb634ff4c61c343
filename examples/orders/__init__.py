"""An order desk: a file of orders is published, priced, and stored exactly once."""
