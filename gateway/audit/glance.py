"""Recognises the common form of a leaf without building an entry; it never accepts more than that.

A verifier reads millions of leaves and needs index and time of each. One expression over ASCII
bytes without escapes settles nearly all of them; what it does not settle is parsed in full.
Since other bytes are looked for beforehand, it may take any byte but a quote inside a string.
"""

import re
from datetime import date
from functools import lru_cache

from gateway.audit.entry import Action, Entry, Outcome, timestamp

_PLAIN = bytes(byte for byte in range(0x20, 0x80) if byte != ord("\\"))
_TEXT = '"[^"]*+"'
_NULLABLE = f"(?:{_TEXT}|null)"
_LIST = rf"\[(?:{_TEXT}(?:,{_TEXT})*+)?+\]"
_COMMON = re.compile(
    (
        rf'(\{{"action":"(?:{"|".join(map(re.escape, Action))})",'
        rf'"actor":\{{"id":{_TEXT},"role":{_TEXT}\}},'
        rf'"carrier":{_NULLABLE},'
        rf'"fields":{_LIST},'
        rf'"id":{_TEXT},'
        r'"index":(0|[1-9][0-9]{0,14}),'
        rf'"merchant":{_TEXT},'
        rf'"outcome":"(?:{"|".join(map(re.escape, Outcome))})",'
        rf'"policy":{_NULLABLE},'
        rf'"purpose":{_NULLABLE},'
        rf'"reasons":{_LIST},'
        rf'"request_id":{_NULLABLE},'
        r'"salt":"[0-9a-f]{32}",'
        rf'"subject":{_NULLABLE},'
        r'"time":"([0-9]{4}-[0-9]{2}-[0-9]{2}'
        r'T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z)"\})'
    ).encode()
)

_decimal = b"%d".__mod__


def glance(leaf: bytes) -> tuple[int, bytes]:
    """Index and time (as its text, which sorts as times do) of a leaf that is an entry.

    `Malformed` where the bytes are not exactly the leaf of an entry, as `Entry.parse` has it.
    """
    match = None if leaf.translate(None, _PLAIN) else _COMMON.fullmatch(leaf)
    if match is None or not _is_day(match[3][:10]):
        entry = Entry.parse(leaf)
        return entry.index, timestamp(entry.time).encode()
    return int(match[2]), match[3]


def settle(leaves: list[bytes], start: int, after: bytes) -> bytes | None:
    """The time of the last of these leaves, if at once nothing is wrong with any of them.

    That is: all are of the common form, are numbered from `start` on, and tell times that never
    step back, from `after` on. None says only that they must be looked at one by one.
    """
    joined = b"".join(leaves)
    if joined.translate(None, _PLAIN):
        return None
    found = _COMMON.findall(joined)
    if not found or len(found) != len(leaves):
        return None
    whole, indexes, times = zip(*found, strict=True)
    if list(whole) != leaves:
        return None
    if indexes != tuple(map(_decimal, range(start, start + len(leaves)))):
        return None
    if times[0] < after or list(times) != sorted(times):
        return None
    # In their order, times between two of one day are of that day as well.
    is_one_day = times[0][:10] == times[-1][:10]
    days = times[:1] if is_one_day else times
    last: bytes = times[-1]
    return last if all(map(_is_day, {time[:10] for time in days})) else None


@lru_cache(maxsize=64)
def _is_day(day: bytes) -> bool:
    try:
        date.fromisoformat(day.decode())
    except ValueError:
        return False
    return True
