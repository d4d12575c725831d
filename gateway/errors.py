"""The faults of the service, each with what its user may do; they must never carry contact data."""

from pathlib import Path


class GatewayError(Exception):
    """A fault whose text may be shown to the person who runs the command or calls the API."""


class ConfigurationError(GatewayError):
    """The configuration does not hold; names the file, the key and the fix."""


class InvalidInput(GatewayError):
    """What was sent does not fit; `errors` maps a field's name to its messages."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__("; ".join(f"{name}: {' '.join(texts)}" for name, texts in errors.items()))
        self.errors = errors


class NotFound(GatewayError):
    """What was named does not exist, or not for this client's merchant."""


class Gone(GatewayError):
    """What was named existed and is erased."""


class Conflict(GatewayError):
    """The request contradicts what is stored."""


class Unavailable(GatewayError):
    """A part that the answer depends on does not work: nothing was released. `part` names it.

    Where a file is at fault, its text says where that is; `told` is the text for whoever has no
    business knowing it, with the file's name alone.
    """

    def __init__(self, part: str, text: str, file: Path | None = None) -> None:
        super().__init__(text)
        self.part = part
        self.told = text if file is None else text.replace(str(file), file.name)
