"""Evaluate a run on its whole catalogue, next to the baselines; in Python, `seqrec_tf.evaluate`.

python -m seqrec_tf.evaluate runs/ml1m --protocol P1 --json
"""

from seqrec_tf.callable_module import call_module
from seqrec_tf.interrupts import start


def main() -> None:
    """Entry point of `python -m seqrec_tf.evaluate` and `seqrec-evaluate`."""
    start("seqrec_tf.commands.evaluate")


call_module(__name__, "seqrec_tf.api", "evaluate")

if __name__ == "__main__":
    main()
