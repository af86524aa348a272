"""TensorFlow Serving's ModelService: how the versions of a model are, and another configuration."""

from collections.abc import Callable

from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2
from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceServicer

from serving.grpc_api.call import call_of, require_model_spec
from serving.grpc_api.service import Service, answered
from serving.metrics import Metrics
from serving.models.model_config import ModelConfig, model_configs
from serving.models.registry import Registry
from serving.protocol.errors import InputError, ServingError, invalid_argument
from serving.protocol.proto_messages import DynamicMessage
from serving.protocol.status import Code

_State = get_model_status_pb2.ModelVersionStatus.State


class ModelService(Service, ModelServiceServicer):
    """The service.

    Args:
        registry: the models that are served.
        metrics: where requests are counted.
        reload: serves other models instead; returns when they are loaded.
    """

    def __init__(
        self,
        registry: Registry,
        metrics: Metrics,
        reload: Callable[[list[ModelConfig]], None],
    ):
        super().__init__(registry, metrics)
        self._reload = reload

    @answered
    def GetModelStatus(self, request: DynamicMessage) -> DynamicMessage:
        """The state of the versions of a model, newest first. A label is ignored."""
        require_model_spec(request)
        response = get_model_status_pb2.GetModelStatusResponse()
        for version in self.registry.versions(call_of(request.model_spec, "status")):
            status = response.model_version_status.add(
                version=version.version, state=_State.Value(version.state)
            )
            if version.error is not None:
                status.status.error_code = version.error.code
                status.status.error_message = version.error.message
            else:
                status.status.error_code = Code.OK
        return response

    @answered
    def HandleReloadConfigRequest(self, request: DynamicMessage) -> DynamicMessage:
        """Serve the models of the request and no others; returns when they are loaded."""
        if request.config.WhichOneof("config") != "model_config_list":
            raise invalid_argument(
                "ServerModelConfig type not supported by HandleReloadConfigRequest. "
                "Only ModelConfigList is currently supported"
            )
        try:
            configs = model_configs(request.config, "request")
        except InputError as error:
            raise invalid_argument(str(error)) from error
        try:
            self._reload(configs)
        except InputError as error:
            raise ServingError(Code.FAILED_PRECONDITION, str(error)) from error
        response = model_management_pb2.ReloadConfigResponse()
        response.status.error_code = Code.OK
        return response
