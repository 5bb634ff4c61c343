"""RabbitMQ: a broker of topics, and a binding to one queue."""
