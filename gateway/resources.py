"""Finds the files that ship with the gateway: in an installed package, or in a checkout beside it."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def default_config() -> Path:
    """The directory of the configuration as shipped."""
    installed = _PACKAGE / "default_config"
    return installed if installed.is_dir() else _PACKAGE.parent / "config"
