"""Export a trained run for TensorFlow Serving and for phones; check, show or refresh an export.

python -m export --format savedmodel
python -m export --format all --run runs/ml1m --output models --name seqrec
python -m export verify models/seqrec/1
"""

from seqrec_tf.interrupts import start


def main() -> None:
    """Entry point of `python -m export` and `seqrec-export`."""
    start("export.commands.export")


if __name__ == "__main__":
    main()
