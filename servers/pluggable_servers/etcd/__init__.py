"""A state store in etcd."""
