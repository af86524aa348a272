"""What `python -m export` and its sub-commands do: flags, and a call of a documented function."""
