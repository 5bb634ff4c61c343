"""The secret store in HashiCorp Vault."""
