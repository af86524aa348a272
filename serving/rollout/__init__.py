"""Safe roll-outs of new versions: `python -m serving.rollout`."""
