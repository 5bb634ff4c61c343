"""The sidecar: Dapr's APIs for one application, over components on sockets."""
