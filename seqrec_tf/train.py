"""Train an encoder and write a run directory; in Python, `seqrec_tf.train(config)`.

python -m seqrec_tf.train
python -m seqrec_tf.train --dataset ml-1m --data-dir ml-1m --recipe keras-io-sasrec --epochs 10
"""

from seqrec_tf.callable_module import call_module
from seqrec_tf.interrupts import start


def main() -> None:
    """Entry point of `python -m seqrec_tf.train` and `seqrec-train`."""
    start("seqrec_tf.commands.train")


call_module(__name__, "seqrec_tf.api", "train")

if __name__ == "__main__":
    main()
