"""What is said of the difference between two models.

Without NumPy: `seqrec_tf.evaluation.comparison` is what measures.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """The mean difference of NDCG@10 over the queries, with its 95 % interval.

    The interval is the normal one of paired differences: queries are users, who are independent,
    and there are hundreds of them.

    Attributes:
        mean: of the first model less the second.
        margin: half the width of the interval.
    """

    mean: float
    margin: float

    def sentence(self, name: str, other: str) -> str:
        """What follows from it: "A is better than B by 0.0040 +- 0.0020 NDCG@10"."""
        if abs(self.mean) <= self.margin:
            return (
                f"{name} is not distinguishable from {other}: "
                f"{self.mean:+.4f} +- {self.margin:.4f} NDCG@10"
            )
        word = "better" if self.mean > 0 else "worse"
        return f"{name} is {word} than {other} by {abs(self.mean):.4f} +- {self.margin:.4f} NDCG@10"
