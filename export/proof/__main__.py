"""Prove artifacts against their golden requests, in a process that never saw the model.

python -m export.proof FOLDER...
"""

from seqrec_tf.interrupts import start


def main() -> None:
    """Entry point of `python -m export.proof`."""
    start("export.proof.command")


if __name__ == "__main__":
    main()
