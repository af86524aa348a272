"""What to export, how and where to."""

from dataclasses import dataclass
from pathlib import Path

from export.graph.options import RetrievalOptions, require_one_of
from export.litert.modes import require_mode

FORMATS = ("savedmodel", "tflite")


@dataclass(frozen=True)
class ExportOptions(RetrievalOptions):
    """Settings of one export: those of its index, and these.

    Attributes:
        formats: any of `FORMATS`.
        output: the folder of all models.
        name: the model's name; `<name>-lite` is the LiteRT file's.
        id_name: name of the id inputs and outputs; None takes the dataset's.
        only_items: file of the ids that may be recommended, one a line; None: all.
        exclude_items: file of ids that must not be.
        categories: whether `recommend` has an input that narrows it to categories.
        quantize: form of the LiteRT file's numbers, of `export.litert.modes`.
    """

    formats: tuple[str, ...] = ("savedmodel",)
    output: Path = Path("models")
    name: str = "seqrec"
    id_name: str | None = None
    only_items: Path | None = None
    exclude_items: Path | None = None
    categories: bool = False
    quantize: str = "none"

    def require_fit(self, items: int) -> None:
        """Check the settings against each other and the size of the catalogue.

        Raises:
            InputError: something is out of range; the message names its flag.
        """
        require_mode(self.quantize, self.formats)
        for name in self.formats:
            require_one_of("--format", name, FORMATS)
        super().require_fit(items)
