"""Deployment files for TensorFlow Serving, generated for a folder of exported models.

python -m serving.deploy --models models --output deploy
"""
