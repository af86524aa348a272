"""The LiteRT file: its graph, its numbers in fewer bits, what it weighs and how well it agrees."""
