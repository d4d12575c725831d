"""A carrier's own order document: finds the order in it, and puts the contact where the profile says."""

import copy
from collections.abc import Mapping
from typing import Any

from gateway.errors import InvalidInput
from gateway.handover.phones import is_mobile
from gateway.handover.profiles import FIELD_OF, Constant, Place, Profile
from gateway.model.contact import Private

_DEPTH = 50


def order_number(profile: Profile, document: Mapping[str, Any]) -> str:
    """The order that a document is about; InvalidInput when it names none, or might name another."""
    found = _found(profile.order_number, document)
    number = None if found is None else found.get(profile.order_member)
    if not isinstance(number, str) or not number:
        place = f"{_shown(profile.order_number)}/{profile.order_member}"
        raise InvalidInput({"document": [f"names no order number at {place}"]})
    return number


def check(profile: Profile, document: Mapping[str, Any]) -> None:
    """InvalidInput when the contact has no place in the document, or something is there already."""
    texts(document)
    for put in profile.puts:
        found = _found(put.place, document) or {}
        taken = [name for name in put.members if found.get(name) not in (None, "")]
        if left := [name for name in taken if found[name] != put.members[name]]:
            places = ", ".join(f"{_shown(put.place)}/{name}" for name in left)
            problem = f"has something at {places}, which the gateway alone fills"
            raise InvalidInput({"document": [problem]})
    with_contact(profile, document, {})


def texts(document: Mapping[str, Any]) -> set[str]:
    """Every text and number in it; InvalidInput when it nests deeper than any order does."""
    found: set[str] = set()
    level: list[Any] = [document]
    for _ in range(_DEPTH):
        lists = [list(it.values()) if isinstance(it, dict) else it for it in level]
        values = [value for inner in lists for value in inner]
        found |= {str(it) for it in values if isinstance(it, str | int | float)}
        level = [it for it in values if isinstance(it, dict | list)]
        if not level:
            return found
    raise InvalidInput({"document": [f"nests deeper than {_DEPTH} levels"]})


def with_contact(
    profile: Profile, document: Mapping[str, Any], contact: Mapping[str, Private | None]
) -> dict[str, Any]:
    """The document as the carrier gets it; the contact stands in the clear in it."""
    values = _values(contact)
    whole: dict[str, Any] = copy.deepcopy(dict(document))
    for put in profile.puts:
        target = _made(put.place, whole)
        for member, constant in put.members.items():
            value = values.get(constant) if constant in FIELD_OF else constant
            fitted = _fitted(value, put.longest.get(member), cut=constant == "{name}")
            if fitted is not None:
                target[member] = fitted
    return whole


def _values(contact: Mapping[str, Private | None]) -> dict[Constant, str]:
    """The texts that stand for what a profile names; only those that are known."""
    known = {name: value.reveal() for name, value in contact.items() if value is not None}
    values: dict[Constant, str] = {
        f"{{{name}}}": text for name, text in known.items() if f"{{{name}}}" in FIELD_OF
    }
    if "phone" in known:
        values["{mobile}" if is_mobile(known["phone"]) else "{landline}"] = known["phone"]
    return values


def _fitted(value: Constant | None, longest: int | None, *, cut: bool) -> Constant | None:
    if longest is None or not isinstance(value, str) or len(value) <= longest:
        return value
    return value[:longest] if cut else None


def _found(place: Place, document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The object at a place; None where there is none."""
    at: Any = document
    for token in place.pointer:
        at = _child(at, token)
    if place.where is None:
        return at if isinstance(at, Mapping) else None
    meant = [it for it in at if _is(it, place.where)] if isinstance(at, list) else []
    if len(meant) > 1:
        raise InvalidInput({"document": [f"has more than one {_shown(place)}"]})
    return meant[0] if meant else None


def _child(at: Any, token: str) -> Any:
    """What a token leads to (RFC 6901 §4); None where it leads nowhere."""
    if isinstance(at, Mapping):
        return at.get(token)
    if isinstance(at, list) and token.isdecimal() and int(token) < len(at):
        return at[int(token)]
    return None


def _made(place: Place, document: dict[str, Any]) -> Any:
    """The object at a place, made with all that leads to it where it is not there."""
    at: Any = document
    for depth, token in enumerate(place.pointer, 1):
        is_end = depth == len(place.pointer)
        kind = list if is_end and place.where is not None else dict
        child = _child(at, token)
        if child is None and isinstance(at, dict):
            child = at[token] = kind()
        # On the way there may be lists as well, whose elements the pointer counts.
        if not isinstance(child, kind if is_end else dict | list):
            wanted = "list" if kind is list else "object"
            raise InvalidInput({"document": [f"has no {wanted} at {_shown(place)}"]})
        at = child
    if place.where is None:
        return at
    element = next((it for it in at if _is(it, place.where)), None)
    if element is None:
        element = dict(place.where)
        at.append(element)
    return element


def _is(element: Any, where: Mapping[str, str]) -> bool:
    return isinstance(element, dict) and all(element.get(name) == it for name, it in where.items())


def _shown(place: Place) -> str:
    """A place as its reader finds it, for example /references[code=100]."""
    pointer = "".join(f"/{token}" for token in place.pointer)
    if place.where is None:
        return pointer
    return pointer + "[" + ",".join(f"{name}={it}" for name, it in place.where.items()) + "]"
