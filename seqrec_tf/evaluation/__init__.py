"""Ranking metrics under named protocols, next to the baselines."""
