"""Reads what was sent: JSON without tricks, of the declared shape; messages never repeat a value."""

import json
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError
from werkzeug.datastructures import MultiDict

from gateway.api.problems import MALFORMED, MEDIA, stop
from gateway.errors import InvalidInput
from gateway.marketplaces.paths import by_path

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

_DIGITS = 40  # beyond any number that means something here; Python itself refuses above 4300


def require_media_type(given: str, charset: str, encoding: str, wanted: tuple[str, ...]) -> None:
    """ProblemError unless the body is of a wanted type, in UTF-8 and not compressed."""
    if given not in wanted:
        raise stop(MEDIA, f"send the body as Content-Type: {' or '.join(wanted)}")
    if charset.lower() not in {"", "utf-8", "utf8"} or encoding.lower() not in {"", "identity"}:
        raise stop(MEDIA, "send the body in UTF-8 and not compressed")


def parsed(raw: bytes) -> Any:
    """The JSON value; ProblemError where it is none, or where two readers could differ on it."""
    try:
        return json.loads(
            raw.decode(),
            object_pairs_hook=_members,
            parse_constant=_constant,
            parse_int=_whole,
        )
    except _AmbiguousError as fault:
        raise stop(MALFORMED, f"the body {fault}") from None
    except UnicodeDecodeError as fault:
        raise stop(MALFORMED, f"the body is not UTF-8 at byte {fault.start}") from None
    except json.JSONDecodeError as fault:
        place = f"line {fault.lineno}, column {fault.colno}"
        raise stop(MALFORMED, f"the body is not JSON at {place}: {fault.msg}") from None
    except RecursionError:
        raise stop(MALFORMED, "the body nests too deep") from None


def of_shape(shape: Schema, value: Any) -> Mapping[str, Any]:
    """The value as its shape wants it; InvalidInput names the fields that do not hold."""
    if not isinstance(value, dict):
        raise InvalidInput({"body": ["must be a JSON object"]})
    try:
        loaded: Mapping[str, Any] = shape.load(value)
    except ValidationError as fault:
        raise InvalidInput(by_path(fault.messages_dict)) from None
    return loaded


def of_query(shape: Schema, query: "MultiDict[str, str]") -> Mapping[str, Any]:
    """The query's parameters as their shape wants them; each may be given once."""
    if twice := [name for name, values in query.lists() if len(values) > 1]:
        raise InvalidInput({name: ["is given more than once"] for name in twice})
    return of_shape(shape, query.to_dict())


class _AmbiguousError(ValueError):
    """What JSON allows and its readers take differently."""


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _AmbiguousError("names a member twice in one object")
    return members


def _constant(name: str) -> None:
    raise _AmbiguousError(f"holds {name}, which JSON does not have")


def _whole(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise _AmbiguousError("holds a number of absurd length")
    return int(digits)
