"""Components on Apache Kafka and what speaks its protocol."""
