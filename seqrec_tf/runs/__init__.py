"""Run directories: what they hold, how they change as one, their cards and pictures."""
