"""Style sheets, the script and the icon, each under an address that changes with its content."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_BOOTSTRAP = "static/bootstrap5/css/bootstrap.min.css"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served; `version` begins its hash."""

    name: str
    version: str
    content: bytes

    @property
    def media_type(self) -> str:
        """By its ending."""
        return _MEDIA_TYPES[Path(self.name).suffix]


@cache
def loaded() -> Mapping[str, Asset]:
    """All of them, by name: the console's own, and Bootstrap from the package that carries it."""
    own = [file for file in (files("gateway.console") / "static").iterdir() if file.is_file()]
    found = [_asset(file.name, file.read_bytes()) for file in own]
    found.append(_asset("bootstrap.min.css", (_bootstrap() / _BOOTSTRAP).read_bytes()))
    return {asset.name: asset for asset in found}


def _asset(name: str, content: bytes) -> Asset:
    return Asset(name, sha256(content).hexdigest()[:16], content)


def _bootstrap() -> Path:
    """Where Bootstrap-Flask is; only its files are used, so it is not imported."""
    spec = find_spec("flask_bootstrap")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("bootstrap-flask is not installed")
    return Path(spec.origin).parent
