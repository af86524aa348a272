"""Published versions as files: names, numbers, manifest, model card, and the way there whole."""
