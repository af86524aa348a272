"""Prove artifacts against their golden requests, in a process that never saw the model.

    python -m export.proof FOLDER...

reads each folder's `golden_requests.json`, answers every request with every signature of a
SavedModel or with a LiteRT file, prints a JSON report (`export.artifact.documents.Proof`) and exits
with 1 if any answer differs. The exporter runs it before it publishes anything.
"""

import json
import sys
from pathlib import Path

from export.proof.artifacts import prove


def main() -> None:
    """Entry point of `python -m export.proof`."""
    proof = prove([Path(name) for name in sys.argv[1:]])
    json.dump(proof.to_json(), sys.stdout)
    sys.exit(1 if proof.failures else 0)


if __name__ == "__main__":
    main()
