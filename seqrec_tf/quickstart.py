"""The whole road on the demo, offline: train, export, serve, ask, stop.

python -m seqrec_tf.quickstart
"""

from seqrec_tf.interrupts import start


def main() -> None:
    """Entry point of `python -m seqrec_tf.quickstart` and `seqrec-quickstart`."""
    start("seqrec_tf.commands.quickstart")


if __name__ == "__main__":
    main()
