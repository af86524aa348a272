"""The embedded server as a process: flags, ports, and models that come and go."""
