"""What tests of several rooms share: small models, logs, servers and raw connections."""
