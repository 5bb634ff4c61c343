"""Azure: topics and queues of Service Bus."""
