"""Entries and their leaves: one spelling, every member checked, hostile bytes refused."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.canonical import MAX_INTEGER, encode
from gateway.audit.entry import MAX_LEAF, Action, Actor, Draft, Entry, Outcome, timestamp
from gateway.audit.faults import Malformed
from gateway.audit.glance import glance, settle
from tests.audit.logs import START, draft, leaf

texts = st.text(max_size=20)
maybe = st.none() | texts
drafts = st.builds(
    Draft,
    id=texts,
    merchant=texts,
    actor=st.builds(Actor, texts, texts),
    action=st.sampled_from(Action),
    outcome=st.sampled_from(Outcome),
    purpose=maybe,
    reasons=st.lists(texts, max_size=3).map(tuple),
    policy=maybe,
    subject=maybe,
    carrier=maybe,
    fields=st.lists(texts, max_size=3).map(tuple),
    request_id=maybe,
    detail=st.dictionaries(texts, texts | st.integers(-MAX_INTEGER, MAX_INTEGER), max_size=3),
)
times = st.datetimes(timezones=st.just(UTC))
salts = st.binary(min_size=16, max_size=16).map(bytes.hex)
indexes = st.integers(0, MAX_INTEGER)
entries = st.builds(
    lambda made, index, time, salt: made.at(index=index, time=time, salt=salt),
    drafts,
    indexes,
    times,
    salts,
)


def members(entry: Entry) -> dict[str, Any]:
    """The members of the contract's audit entry, spelled out apart from the template."""
    written: dict[str, Any] = {
        "index": entry.index,
        "id": entry.id,
        "time": timestamp(entry.time),
        "merchant": entry.merchant,
        "actor": {"role": entry.actor.role, "id": entry.actor.id},
        "action": str(entry.action),
        "outcome": str(entry.outcome),
        "purpose": entry.purpose,
        "reasons": list(entry.reasons),
        "policy": entry.policy,
        "subject": entry.subject,
        "carrier": entry.carrier,
        "fields": list(entry.fields),
        "request_id": entry.request_id,
        "salt": entry.salt,
    }
    return written | ({"detail": dict(entry.detail)} if entry.detail else {})


@given(entries)
def test_a_leaf_is_the_canonical_json_of_the_entry_and_reads_back(entry: Entry) -> None:
    """The template writes what both the general encoder and an independent one write."""
    raw = entry.leaf()
    assert raw == encode(members(entry)) == rfc8785.dumps(members(entry))
    assert Entry.parse(raw) == entry


@given(entries)
def test_a_glance_tells_what_parsing_tells(entry: Entry) -> None:
    """Index and time of the quick look are those of the entry, whatever its texts hold."""
    assert glance(entry.leaf()) == (entry.index, timestamp(entry.time).encode())


@given(st.lists(st.integers(0, 3), min_size=1, max_size=4), st.integers(0, 2), st.data())
def test_leaves_are_settled_together_only_if_each_would_pass(
    shifts: list[int], after: int, data: st.DataObject
) -> None:
    """Numbered on without gaps, never back in time, every one of them an entry."""
    odd = st.sampled_from([{}, {"carrier": "ä"}, {"detail": {"a": 1}}, {"id": '"'}, {"id": "\\"}])
    run = [
        leaf(5 + at + (shift == 3), **data.draw(odd)).replace(
            b"08:00", b"%02d:00" % (8 + shift % 3)
        )
        for at, shift in enumerate(shifts)
    ]
    start = timestamp(START + timedelta(hours=after)).encode()
    told = [glance(raw) for raw in run]
    times = [start, *(time for _, time in told)]
    passes = [index for index, _ in told] == list(range(5, 5 + len(run))) and times == sorted(times)
    settled = settle(run, 5, start)
    assert settled is None or (passes and settled == times[-1])
    if passes and all(raw.isascii() and b"\\" not in raw and b"detail" not in raw for raw in run):
        assert settled == times[-1]


@pytest.mark.parametrize("day", [b"2026-02-30", b"0000-11-23", b"2026-13-01"])
def test_a_day_that_is_none_settles_nothing(day: bytes) -> None:
    """The calendar is kept in the quick look as well."""
    raw = leaf(0).replace(b"2026-11-23", day)
    assert settle([raw], 0, b"") is None
    refused(raw)


def test_leaves_that_run_into_each_other_are_not_settled() -> None:
    """The same bytes cut elsewhere are other leaves."""
    both = leaf(0) + leaf(1)
    assert settle([both[:-5], both[-5:]], 0, b"") is None
    assert settle([b"x" + leaf(0)], 0, b"") is None
    assert settle([leaf(0), b""], 0, b"") is None


def test_a_leaf_looks_as_the_contract_says() -> None:
    """The members' names, order and spelling in one example."""
    assert leaf(7) == (
        b'{"action":"contact.released","actor":{"id":"client-7","role":"carrier"},'
        b'"carrier":"dachser","fields":["name","phone"],'
        b'"id":"0190a7c4e5f6000102030405060708ff","index":7,"merchant":"default",'
        b'"outcome":"permitted","policy":"' + b"5f" * 32 + b'",'
        b'"purpose":"delivery-appointment","reasons":[],"request_id":"req-1",'
        b'"salt":"00000000000000000000000000000007","subject":"Hq3hZ9b1v0",'
        b'"time":"2026-11-23T08:00:00.007000Z"}'
    )


def test_detail_stands_in_the_leaf_only_if_there_is_any() -> None:
    """An empty detail leaves no trace, a filled one stands in its canonical place."""
    assert b"detail" not in leaf(0)
    assert b'"carrier":"dachser","detail":{"key":"e1","size":5},"fields"' in leaf(
        0, detail={"size": 5, "key": "e1"}
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"index": -1},
        {"index": MAX_INTEGER + 1},
        {"time": datetime(2026, 11, 23, 8)},  # noqa: DTZ001 - that is the point
        {"time": datetime(2026, 11, 23, 8, tzinfo=timezone(timedelta(hours=1)))},
        {"id": "\ud800"},
        {"detail": {"size": 1.5}},
        {"detail": {"size": MAX_INTEGER + 1}},
        {"reasons": ("x" * MAX_LEAF,)},
    ],
)
def test_an_entry_without_a_leaf_is_refused(changes: dict[str, Any]) -> None:
    """What cannot be written canonically, in UTC and within 65535 bytes never becomes a leaf."""
    entry = draft().at(index=0, time=START, salt="0" * 32)
    with pytest.raises(Malformed):
        replace(entry, **changes).leaf()


@pytest.mark.parametrize("name", [*json.loads(leaf(0))])
def test_a_missing_member_is_refused(name: str) -> None:
    """Every member of the contract must be there."""
    value = json.loads(leaf(0))
    del value[name]
    refused(encode(value))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("index", "0"),
        ("index", True),
        ("index", None),
        ("index", -1),
        ("id", None),
        ("id", 1),
        ("time", "2026-11-23T08:00:00Z"),
        ("time", "2026-11-23T08:00:00.000000+00:00"),
        ("time", "2026-11-23 08:00:00.000000Z"),
        ("time", "2026-02-30T08:00:00.000000Z"),
        ("time", "2026-11-23T24:00:00.000000Z"),
        ("time", "2026-11-23T08:00:60.000000Z"),
        ("time", "٢٠٢٦-11-23T08:00:00.000000Z"),
        ("time", 0),
        ("merchant", ["default"]),
        ("actor", "carrier"),
        ("actor", {"id": "x"}),
        ("actor", {"id": "x", "role": None}),
        ("actor", {"id": "x", "role": "carrier", "name": "Erika"}),
        ("action", "contact.sold"),
        ("outcome", "maybe"),
        ("purpose", False),
        ("reasons", "unclassified"),
        ("reasons", [1]),
        ("reasons", None),
        ("policy", {}),
        ("subject", 3),
        ("carrier", []),
        ("fields", {"name": "phone"}),
        ("fields", [None]),
        ("request_id", 1),
        ("salt", "0" * 31),
        ("salt", "0" * 33),
        ("salt", "A" * 32),
        ("salt", None),
        ("detail", {}),
        ("detail", {"a": True}),
        ("detail", {"a": None}),
        ("detail", {"a": ["b"]}),
        ("detail", "x"),
        ("phone", "+4930"),
    ],
)
def test_a_member_of_another_form_is_refused(name: str, value: Any) -> None:
    """Each member is what the format says, in full parsing and at a glance alike."""
    refused(encode(json.loads(leaf(0)) | {name: value}))


VALUE = json.loads(leaf(0, detail={"a": 1, "b": "ä"}))
RAW = encode(VALUE)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        RAW + b" ",
        b" " + RAW,
        RAW + b"\n",
        RAW.replace(b'"index":0', b'"index": 0'),
        RAW.replace(b'"index":0', b'"index":-0'),
        RAW.replace(b'"index":0', b'"index":0.0'),
        RAW.replace(b'"index":0', b'"index":0e0'),
        RAW.replace(b'"index":0', b'"index":00'),
        RAW.replace(b'"index":0', b'"index":NaN'),
        RAW.replace(b'"index":0', b'"index":9007199254740992'),
        RAW.replace(b'"index":0', b'"index":' + b"1" * 5000),
        RAW.replace(b'"index":0', b'"index":0,"index":0'),
        RAW.replace(b'"index":0', b'"index":1,"index":0'),
        RAW.replace(b'"role":"carrier"', b'"role":"carrier","role":"carrier"'),
        RAW.replace(b'{"a":1,', b'{"a":1,"a":1,'),
        RAW.replace(b'{"a":1,', b'{"a":1.0,'),
        RAW.replace(b'{"a":1,', b'{"a":9007199254740992,'),
        RAW.replace(b"dachser", b"d\\u0061chser"),
        RAW.replace(b"dachser", b"d\\/chser"),
        RAW.replace(b"dachser", b"d\\ud800chser"),
        RAW.replace(b"dachser", b"d\\u001Fchser"),
        RAW.replace(b"dachser", b"d\\u000achser"),
        RAW.replace(b"dachser", b"d\x1fchser"),
        RAW.replace(b"dachser", b"d\xffchser"),
        RAW.replace(b'"carrier":"dachser"', b'"carrier":' + b"[" * 20000),
        RAW.replace(b'"carrier":"dachser"', b'"carrier":' + b'{"a":' * 10000),
        b"\xef\xbb\xbf" + RAW,
        RAW.decode().encode("utf-16"),
        json.dumps(VALUE, separators=(",", ":"), sort_keys=True).encode(),
        json.dumps(VALUE, ensure_ascii=False, sort_keys=True).encode(),
        json.dumps(
            dict(reversed(VALUE.items())), ensure_ascii=False, separators=(",", ":")
        ).encode(),
    ],
)
def test_any_other_spelling_of_an_entry_is_refused(raw: bytes) -> None:
    """White space, order, doubled members, other escapes, numbers and encodings: no entry."""
    assert Entry.parse(RAW).leaf() == RAW
    refused(raw)


@given(st.data())
def test_a_changed_byte_never_reads_as_the_same_entry(data: st.DataObject) -> None:
    """A leaf with one byte changed, dropped or doubled is refused or is openly another entry."""
    raw = leaf(12345)
    at = data.draw(st.integers(0, len(raw) - 1))
    byte = data.draw(st.binary(max_size=2).filter(lambda new: new != raw[at : at + 1]))
    changed = raw[:at] + byte + raw[at + 1 :]
    try:
        entry = Entry.parse(changed)
    except Malformed:
        with pytest.raises(Malformed):
            glance(changed)
    else:
        assert entry.leaf() == changed
        assert glance(changed) == (entry.index, timestamp(entry.time).encode())


@given(st.binary(max_size=200))
def test_bytes_that_are_no_entry_are_refused(raw: bytes) -> None:
    """Arbitrary bytes end in the one fault, never in another exception."""
    refused(raw)


def test_an_entry_that_is_too_long_is_refused_unread() -> None:
    """More bytes than a bundle can hold are not even parsed."""
    refused(b" " * (MAX_LEAF + 1))


def refused(raw: bytes) -> None:
    for read in (Entry.parse, glance):
        with pytest.raises(Malformed):
            read(raw)
