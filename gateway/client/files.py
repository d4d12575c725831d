"""Opens the files of `gateway handover export`."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.client.sealed import Opener


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file of contacts: its media type, such as text/csv, and its bytes."""

    media_type: str
    content: bytes = field(repr=False)


def open_file(letter: str, *, private_key: bytes, public_keys: Sequence[str]) -> OpenedFile:
    """The file inside; UnverifiedError where it was not sealed for this key by the gateway.

    `private_key` is the carrier's, in PEM; `public_keys` are the gateway's (`gateway handover keys`).
    """
    header, content = Opener(private_key, public_keys).open(letter.strip())
    return OpenedFile(str(header.get("cty", "")), content)
