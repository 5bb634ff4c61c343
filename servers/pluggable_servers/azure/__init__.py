"""Azure: topics and queues of Service Bus, and secrets of Key Vault."""
