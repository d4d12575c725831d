"""Reads the policy texts and takes them apart, rule by rule; it judges nothing.

A directory of policies holds ``*.cedar`` texts and one ``gateway.cedarschema``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Self

from policies.errors import PolicyError

SCHEMA = "gateway.cedarschema"

_TOKEN = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"|;')


@dataclass(frozen=True, slots=True)
class Texts:
    """The policy texts by file name, in the order of names, and the schema they are written in."""

    policies: Mapping[str, str]
    schema: str

    @classmethod
    def of(cls, files: Mapping[str, str]) -> Self:
        """The texts in ``files``, the schema one of them; ``PolicyError`` where there is no policy."""
        found = {name: text for name, text in sorted(files.items()) if name != SCHEMA}
        if SCHEMA not in files or not found:
            raise PolicyError(f"no policy, or no {SCHEMA}: nothing would be decided")
        return cls(found, files[SCHEMA])

    @property
    def version(self) -> str:
        """``sha256:…`` over every text and the schema.

        Hashed are, in the order of names and with the schema as one of them, the name and the
        text in UTF-8, each preceded by its length as eight bytes, the biggest first: no two sets
        of texts share their bytes.
        """
        digest = sha256()
        for name, text in sorted({**self.policies, SCHEMA: self.schema}.items()):
            for part in (name.encode(), text.encode()):
                digest.update(len(part).to_bytes(8))
                digest.update(part)
        return f"sha256:{digest.hexdigest()}"


def read(directory: Traversable | None = None) -> Texts:
    """The texts in ``directory``; without one, those that the package itself brings along.

    Raises ``PolicyError`` where there is no policy, no schema, or a text that is not UTF-8.
    """
    home = files("policies") if directory is None else directory
    try:
        entries = sorted(home.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        raise PolicyError(f"no directory of policies: {error}") from error
    found = {entry.name: entry for entry in entries}
    if SCHEMA not in found:
        raise PolicyError(f"no {SCHEMA} in {home}")
    texts = {name: _text(entry) for name, entry in found.items() if name.endswith(".cedar")}
    if not texts:
        raise PolicyError(f"no policy in {home}: an empty policy would decide nothing")
    return Texts(texts, _text(found[SCHEMA]))


def rules(text: str) -> Iterator[str]:
    """Every rule of a policy text with the comments above it; what follows the last rule, too.

    Nothing is lost: the pieces joined are the text.
    """
    start = 0
    for token in _TOKEN.finditer(text):
        if token[0] == ";":
            yield text[start : token.end()]
            start = token.end()
    yield text[start:]


def _text(entry: Traversable) -> str:
    try:
        return entry.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{entry.name} cannot be read: {error}") from error
