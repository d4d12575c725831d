"""Idempotency-Key: what a repeated request is recognised by, and that its answer is given again."""

import hashlib
import re

from gateway.errors import InvalidInput
from gateway.storage.answers import Repeatable

HEADER = "Idempotency-Key"

_KEY = re.compile(r"[!-~]{1,255}")


def key(header: str | None) -> str | None:
    """The key a client chose for its request; InvalidInput where it is no such key."""
    if header is not None and not _KEY.fullmatch(header):
        raise InvalidInput({HEADER: ["1 to 255 visible ASCII characters"]})
    return header


def digest(method: str, path: str) -> "hashlib._Hash":
    """The hash by which a request is recognised, waiting for the body."""
    return hashlib.sha256(f"{method} {path}\n".encode("utf-8", "surrogatepass"))


def repeatable(client_id: str, key: str, method: str, path: str, body: bytes) -> Repeatable:
    """A request as it is recognised when it comes again."""
    recognised = digest(method, path)
    recognised.update(body)
    return Repeatable(client_id, key, recognised.digest())
