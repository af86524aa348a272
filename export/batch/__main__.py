"""Everybody's recommendations from an exported SavedModel, as one Parquet file.

python -m export.batch --histories ratings.csv --item-column movie_id --output all.parquet
"""

from seqrec_tf.interrupts import start


def main() -> None:
    """Entry point of `python -m export.batch` and `seqrec-batch`."""
    start("export.commands.batch")


if __name__ == "__main__":
    main()
