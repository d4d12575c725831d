"""Decodes one element of a document, and says why it cannot be an order; it never shows what is in it."""

import json
import re
from collections import Counter
from typing import Any

_DEPTH = 32
"""How deep an order's braces and brackets may nest; OTTO's own reach five."""

DEEP = f"nests deeper than {_DEPTH} levels"

_DIGITS = 40  # beyond any number that an order holds; Python itself refuses above 4300
_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")
_KEY_TO_SHOW = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_ORDER_NUMBER = re.compile(r"[A-Za-z0-9]{1,64}")


def decoder(defects: list[str]) -> json.JSONDecoder:
    """A decoder that notes in `defects` what JSON allows or Python bends, and goes on to the end."""

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            defects.append(_twice([name for name, _ in pairs]))
        return made

    def whole(digits: str) -> int:
        if len(digits) <= _DIGITS:
            return int(digits)
        defects.append(f"holds a number of {len(digits)} digits")
        return 0

    def constant(name: str) -> None:
        defects.append(f"holds {name}, which JSON does not have")

    return json.JSONDecoder(object_pairs_hook=members, parse_int=whole, parse_constant=constant)


def _twice(names: list[str]) -> str:
    name, _ = Counter(names).most_common(1)[0]
    # A name that is no plain word may be anything, a buyer's address too.
    shown = f'"{name}"' if _KEY_TO_SHOW.fullmatch(name) else "a name"
    return f"holds {shown} twice in one object"


def refusal_of(value: Any, text: str, page: str) -> str:
    """Why a decoded element cannot be an order; empty where it may be one."""
    if not isinstance(value, dict):
        return "not an object in braces"
    if page in value:
        return f'"{page}" belongs to a page and holds a list; give pages one after another'
    if text.count("{") + text.count("[") > _DEPTH and _is_deep(value):
        return DEEP
    if _HALF_PAIR.search(text) and _has_half_pair(value):
        return "holds half of a surrogate pair (\\ud800 to \\udfff), which is no character"
    return ""


def _is_deep(value: dict[str, Any]) -> bool:
    level: list[Any] = [value]
    for _ in range(_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _has_half_pair(value: dict[str, Any]) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def order_number(value: Any) -> str | None:
    """The number by which whoever sent the element finds it; None where it has none that may be shown."""
    number = value.get("orderNumber") if isinstance(value, dict) else None
    return number if isinstance(number, str) and _ORDER_NUMBER.fullmatch(number) else None
