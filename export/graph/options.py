"""How the SavedModel finds items: which index, which numbers, how much may be missed."""

from dataclasses import dataclass

from seqrec_tf.errors import InputError

RETRIEVALS = ("exact", "ivf")
PRECISIONS = ("float32", "float16", "int8")


@dataclass(frozen=True, kw_only=True)
class RetrievalOptions:
    """Settings of an index.

    Attributes:
        k: items recommended, 1..catalogue size.
        retrieval: "exact" rates every item, "ivf" those of the cells nearest to the vector.
        precision: of the item table in the SavedModel: "float32", "float16" or "int8".
        cells: cells of "ivf"; None takes 4 sqrt(items).
        probes: cells that a request looks into; None takes the fewest that reach `recall`.
        recall: share of the exact top 10 that "ivf" must find, on validation queries.
        repeats: whether seen items stay recommendable; None takes the run's, or else no.
    """

    k: int = 10
    retrieval: str = "exact"
    precision: str = "float32"
    cells: int | None = None
    probes: int | None = None
    recall: float = 0.95
    repeats: bool | None = None

    def require_fit(self, items: int) -> None:
        """Check the settings against each other and the size of the catalogue.

        Raises:
            InputError: something is out of range; the message names its flag.
        """
        require_one_of("--retrieval", self.retrieval, RETRIEVALS)
        require_one_of("--precision", self.precision, PRECISIONS)
        for flag, value in (("--k", self.k), ("--cells", self.cells), ("--probes", self.probes)):
            if value is not None and not 1 <= value <= items:
                raise InputError(
                    f"{flag}: expected 1 to {items}, the size of the catalogue. Received: {value}."
                )
        if not 0 < self.recall <= 1:
            raise InputError(
                f"--recall: expected a share above 0, at most 1. Received: {self.recall}."
            )
        if self.retrieval == "exact" and (self.cells or self.probes):
            raise InputError("--cells and --probes: belong to --retrieval ivf. Received: exact.")


def require_one_of(flag: str, value: str, choices: tuple[str, ...]) -> None:
    """Check a choice.

    Raises:
        InputError: it is none of `choices`; the message names `flag`.
    """
    if value not in choices:
        raise InputError(f"{flag}: expected one of {', '.join(choices)}. Received: {value!r}.")
