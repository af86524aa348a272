"""What an artifact is made from: encoders of others, golden requests, lists and tables of items."""
