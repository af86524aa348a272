"""What the server tells about a model: its status and its signatures."""

import json
from collections.abc import Iterable

from google.protobuf.json_format import MessageToDict

from serving.models import LoadedModel


def status_text(versions: Iterable[int]) -> str:
    """The answer to a status call.

    Args:
        versions: available versions, newest first.
    """
    healthy = {"error_code": "OK", "error_message": ""}
    statuses = [
        {"version": str(version), "state": "AVAILABLE", "status": healthy} for version in versions
    ]
    return json.dumps({"model_version_status": statuses}, indent=1)


def metadata_text(model: LoadedModel) -> str:
    """The answer to a metadata call: every field, also those at their default; int64 as text."""
    specification = {"name": model.name, "signature_name": "", "version": str(model.version)}
    signatures = {
        name: MessageToDict(
            definition,
            preserving_proto_field_name=True,
            always_print_fields_with_no_presence=True,
        )
        for name, definition in sorted(model.definitions.items())
    }
    metadata = {"signature_def": {"signature_def": signatures}}
    return json.dumps({"model_spec": specification, "metadata": metadata}, indent=1)
