"""What a deployment is like: for the command and for Python alike."""

from dataclasses import dataclass

# The release line whose behaviour was read; newer ones load the same graphs.
IMAGE = "tensorflow/serving:2.20.0"


@dataclass(frozen=True, kw_only=True)
class DeployOptions:
    """What a deployment is like.

    Attributes:
        name: its name, a DNS label.
        image: the container image of TensorFlow Serving.
        host: the host name under which nginx is asked.
        replicas: pods at the least.
        cpus: CPUs of each.
    """

    name: str = "tfserving"
    image: str = IMAGE
    host: str = "localhost"
    replicas: int = 2
    cpus: int = 2


DEFAULTS = DeployOptions()
