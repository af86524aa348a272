"""What a proof finds, as it finds it."""

from collections.abc import Iterable

from export.artifact.documents import FormProof, Proof
from export.proof.exact import TOLERANCE


class Findings:
    """Failures in words, and what each form was asked."""

    def __init__(self) -> None:
        self._failures: list[str] = []
        self._forms: dict[str, FormProof] = {}
        self._warmup_records: int | None = None

    def fail(self, where: str, what: Iterable[object]) -> None:
        """Add failures, which all were found at one place."""
        self._failures += [f"{where}: {each}" for each in what]

    def count(self, form: str, requests: int, largest: float) -> None:
        """Count requests to a form, whose scores differ by so much at most."""
        before = self._forms.get(form, FormProof(requests=0, largest_difference=0.0))
        self._forms[form] = before.replaced(
            requests=before.requests + requests,
            largest_difference=max(before.largest_difference, largest),
        )

    def promise(self, form: str, tolerance: float, agreement: float) -> None:
        """Keep what a quantised form promises, and what it does."""
        self._forms[form] = self._forms[form].replaced(tolerance=tolerance, agreement=agreement)

    def count_warmup(self, records: int) -> None:
        """Count the warm-up records that were replayed."""
        self._warmup_records = records

    def proof(self) -> Proof:
        """All of it."""
        return Proof(
            tolerance=TOLERANCE,
            forms=self._forms,
            failures=self._failures,
            warmup_records=self._warmup_records,
        )
