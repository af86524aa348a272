"""What the server tells about a model: its status and its signatures."""

import json
from collections.abc import Iterable

from google.protobuf.json_format import MessageToDict

from serving.inference.servable import Servable
from serving.models.registry import Version


def status_text(versions: Iterable[Version]) -> str:
    """The answer to a status call, in the order of the versions."""
    statuses = [
        {
            "version": str(version.version),
            "state": version.state.value,
            "status": {
                "error_code": version.error.code.name if version.error else "OK",
                "error_message": version.error.message if version.error else "",
            },
        }
        for version in versions
    ]
    return json.dumps({"model_version_status": statuses}, indent=1)


def metadata_text(model: Servable) -> str:
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
