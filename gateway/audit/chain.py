"""Ties a merchant's logs together: each begins with the end of the one before, and tells which ones went.

A log that no other log accounts for must never be taken for one that was deleted.
"""

from collections.abc import Mapping

from gateway.audit.checkpoint import Checkpoint
from gateway.audit.encoding import decode_base64, encode_base64
from gateway.audit.entry import Entry
from gateway.audit.faults import Malformed

_PREVIOUS = "previous_"


def succeeding(last: Checkpoint) -> dict[str, str | int]:
    """What the first entry of a log says of the last checkpoint of the log before."""
    return {f"{_PREVIOUS}{name}": fact for name, fact in deleting(last).items()}


def deleting(last: Checkpoint) -> dict[str, str | int]:
    """What an entry says of a log that is deleted whole."""
    return {"origin": last.origin, "size": last.size, "root": encode_base64(last.root)}


def predecessor(first: Entry) -> Checkpoint | None:
    """The end of the log before; None for the first log of all."""
    return _end(first.detail, _PREVIOUS) if first.detail else None


def deleted(entry: Entry) -> Checkpoint:
    """The end of the log that the entry says was deleted."""
    return _end(entry.detail, "")


def _end(detail: Mapping[str, str | int], prefix: str) -> Checkpoint:
    match [detail.get(f"{prefix}{name}") for name in ("origin", "size", "root")]:
        case [str(origin), int(size), str(root)]:
            return Checkpoint(origin, size, decode_base64(root))
    raise Malformed("an entry does not say where another log ended")
