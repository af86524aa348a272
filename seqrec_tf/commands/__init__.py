"""What `python -m seqrec_tf.train` and the other commands do: flags, and a call of a function."""
