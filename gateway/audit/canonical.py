"""RFC 8785 canonical JSON for the values an entry may hold; it must never write a float.

The subset (null, booleans, integers within ±(2**53 - 1), strings, arrays, objects) leaves out the
one hard part of RFC 8785, the number format, so that the standard library's encoder writes the
rest: its escapes are those of RFC 8785 section 3.2.2.2 when non-ASCII is left alone.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from gateway.audit.faults import Malformed

Value: TypeAlias = "bool | int | str | Sequence[Value] | Mapping[str, Value] | None"

MAX_INTEGER = 2**53 - 1
"""Largest magnitude that every JSON reader keeps exact (RFC 7493 section 2.2)."""

_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def encode(value: Value) -> bytes:
    """The canonical bytes of `value`; `Malformed` where no such bytes exist."""
    try:
        return _write(_ordered(value)).encode()
    except UnicodeEncodeError:
        raise Malformed("a string holds an unpaired surrogate") from None
    except RecursionError:
        raise Malformed("nested too deeply") from None


def _ordered(value: Value) -> Value:
    """The same value, checked, with the keys of every object in RFC 8785 order."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise Malformed("an integer is outside ±(2**53 - 1)")
        return value
    if isinstance(value, list | tuple):
        return [_ordered(item) for item in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise Malformed("an object's key is not a string")
        return {key: _ordered(value[key]) for key in sorted(value, key=_utf16)}
    raise Malformed(f"a {type(value).__name__} has no place in an entry")


def _utf16(key: str) -> bytes:
    # RFC 8785 sorts by UTF-16 code units, which differs from code points beyond the BMP.
    return key.encode("utf-16-be", "surrogatepass")
