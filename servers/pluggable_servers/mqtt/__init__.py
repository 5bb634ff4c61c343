"""Components on an MQTT broker, by versions 3.1.1 and 3.1 of the protocol."""
