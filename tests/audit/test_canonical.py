"""Canonical JSON as RFC 8785 has it, for the values an entry may hold."""

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.canonical import MAX_INTEGER, encode
from gateway.audit.faults import Malformed

values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_the_bytes_are_those_of_an_independent_implementation(value: Any) -> None:
    """Every value is written as the package rfc8785 writes it, and reads back equal."""
    raw = encode(value)
    assert raw == rfc8785.dumps(value)
    assert json.loads(raw) == value


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


def test_a_value_nested_without_end_is_refused() -> None:
    """It ends in the one fault, never in a RecursionError."""
    value: list[Any] = []
    value.append(value)
    with pytest.raises(Malformed, match="nested"):
        encode(value)
