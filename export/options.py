"""What to export, how and where to."""

from dataclasses import dataclass
from pathlib import Path

from export.litert.modes import require_mode
from seqrec_tf.errors import InputError

FORMATS = ("savedmodel", "tflite")
RETRIEVALS = ("exact", "ivf")
PRECISIONS = ("float32", "float16", "int8")


@dataclass(frozen=True)
class ExportOptions:
    """Settings of one export.

    Attributes:
        formats: any of `FORMATS`.
        output: the folder of all models.
        name: the model's name; `<name>-lite` is the LiteRT file's.
        k: items recommended, 1..catalogue size.
        id_name: name of the id inputs and outputs; None takes the dataset's.
        only_items: file of the ids that may be recommended, one a line; None: all.
        exclude_items: file of ids that must not be.
        categories: whether `recommend` has an input that narrows it to categories.
        retrieval: "exact" rates every item, "ivf" those of the cells nearest to the vector.
        precision: of the item table in the SavedModel: "float32", "float16" or "int8".
        cells: cells of "ivf"; None takes 4 sqrt(items).
        probes: cells that a request looks into; None takes the fewest that reach `recall`.
        recall: share of the exact top 10 that "ivf" must find, on validation queries.
        quantize: form of the LiteRT file's numbers, of `export.litert.modes`.
        repeats: whether seen items stay recommendable; None takes the run's, or else no.
    """

    formats: tuple[str, ...] = ("savedmodel",)
    output: Path = Path("models")
    name: str = "seqrec"
    k: int = 10
    id_name: str | None = None
    only_items: Path | None = None
    exclude_items: Path | None = None
    categories: bool = False
    retrieval: str = "exact"
    precision: str = "float32"
    cells: int | None = None
    probes: int | None = None
    recall: float = 0.95
    quantize: str = "none"
    repeats: bool | None = None

    def require_fit(self, items: int) -> None:
        """Check the settings against each other and the size of the catalogue.

        Raises:
            InputError: something is out of range; the message names its flag.
        """
        require_mode(self.quantize, self.formats)
        _require_one_of("--retrieval", self.retrieval, RETRIEVALS)
        _require_one_of("--precision", self.precision, PRECISIONS)
        for name in self.formats:
            _require_one_of("--format", name, FORMATS)
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


def _require_one_of(flag: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(f"{flag}: expected one of {', '.join(choices)}. Received: {value!r}.")
