"""What travels: values into messages and back, errors into statuses and back, and the names of it all."""
