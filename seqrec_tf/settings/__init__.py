"""What a run is made with: its configuration, what of it makes sense, and named recipes."""
