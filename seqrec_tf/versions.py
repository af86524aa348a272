"""The versions that a run and an export write down."""

from importlib.metadata import PackageNotFoundError, version

UNKNOWN = "unknown (not installed)"


def package_version(name: str) -> str:
    """The installed version of a package; of a checkout that is run in place none is known."""
    try:
        return version(name)
    except PackageNotFoundError:
        return UNKNOWN
