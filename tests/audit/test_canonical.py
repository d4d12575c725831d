"""Canonical JSON as RFC 8785 has it, for the values an entry may hold."""

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.canonical import MAX_INTEGER, encode, parse_canonical
from gateway.audit.faults import Malformed

values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_the_bytes_are_those_of_an_independent_implementation(value: Any) -> None:
    """Every value is written as the package rfc8785 writes it, and read back equal."""
    raw = encode(value)
    assert raw == rfc8785.dumps(value)
    assert parse_canonical(raw) == value


def test_keys_are_ordered_by_utf16_code_units() -> None:
    """A key beyond the basic plane stands before U+FFFD, as RFC 8785 section 3.2.3 shows."""
    assert encode({"\ufffd": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufffd":1}'.encode()


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), MAX_INTEGER + 1, -MAX_INTEGER - 1, b"x", {1: "x"}, [{"a": 0.5}], "\ud800"],
)
def test_values_without_canonical_bytes_are_refused(value: Any) -> None:
    """Floats, integers that not every reader keeps exact, and foreign types are never written."""
    with pytest.raises(Malformed):
        encode(value)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"a":1} ',
        b' {"a":1}',
        b'{"a": 1}',
        b'{"b":1,"a":1}',
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b"1.0",
        b"1e3",
        b"-0",
        b"01",
        b"NaN",
        b"Infinity",
        b"9007199254740992",
        b"1" * 5000,
        b'"\\u0041"',
        b'"\\/"',
        b'"\\u000a"',
        b'"\\u001F"',
        b'"\\ud800"',
        b'"\x1f"',
        b'"\xff"',
        b'\xef\xbb\xbf"a"',
        '"a"'.encode("utf-16"),
        b"[" * 60000,
        b'{"a":' * 20000,
    ],
)
def test_any_other_spelling_is_refused(raw: bytes) -> None:
    """White space, order, duplicates, other escapes, other numbers, other encodings: no value."""
    with pytest.raises(Malformed):
        parse_canonical(raw)


@given(values, st.data())
def test_only_the_canonical_spelling_of_a_value_is_read(value: Any, data: st.DataObject) -> None:
    """Whatever else the json module writes for the same value is refused."""
    style = data.draw(st.sampled_from([{"indent": 1}, {"ensure_ascii": True}, {"skipkeys": True}]))
    raw = json.dumps(value, **style).encode("utf-8", "surrogatepass")  # type: ignore[arg-type]
    if raw == encode(value):
        assert parse_canonical(raw) == value
    else:
        with pytest.raises(Malformed):
            parse_canonical(raw)
