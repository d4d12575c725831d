"""A window holds a piece of the input, knows its place, and passes over what it must not hold."""

import json
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.marketplaces.window import Window, encoded

CONTAINERS = st.recursive(
    st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(CONTAINERS, st.booleans(), st.integers(1, 50))
def test_skipping_ends_where_the_value_ends(value: object, ascii_only: bool, chunk: int) -> None:
    """Strings with brackets, quotes and backslashes in them do not mislead, wherever a piece ends."""
    text = json.dumps(value, ensure_ascii=ascii_only)
    data = (text + ", rest").encode("utf-8", "surrogateescape")
    window = Window(BytesIO(data), chunk=chunk)
    window.peek()
    assert window.skip(keep=10_000) == text
    assert window.peek() == ","
    window = Window(BytesIO(data), chunk=chunk)
    window.peek()
    assert window.skip(keep=len(text) - 1) is None
    assert window.peek() == ","


@pytest.mark.parametrize("data", [b"[1, [2]", b'"a', b'"a\\', b'{"a": "}"', b'["\\"]'])
def test_skipping_what_does_not_end_says_so(data: bytes) -> None:
    """The end of the input in the middle of a value is not the end of the value."""
    for chunk in (1, 100):
        window = Window(BytesIO(data), chunk=chunk)
        window.peek()
        with pytest.raises(EOFError):
            window.skip(keep=100)


@given(st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]))))
def test_lines_are_given_up_to_a_length(lines: list[str]) -> None:
    """A longer line is passed over up to its end, and the next one is whole."""
    data = "".join(line + "\n" for line in lines).encode()
    for chunk in (1, 7, 1000):
        window = Window(BytesIO(data), chunk=chunk)
        found = [window.line(keep=5) for _ in lines]
        assert found == [line if len(line) <= 5 else None for line in lines]
        assert window.line(keep=5) == ""


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 9), st.data())
def test_places_are_lines_and_bytes(text: str, chunk: int, data: st.DataObject) -> None:
    """Wherever the window stands, it knows how many lines and bytes lie before."""
    before = data.draw(st.integers(0, len(text)))
    window = Window(BytesIO(text.encode()), chunk=chunk, line=3, byte=100)
    for _ in range(before):
        while not window.ahead:
            assert window.fill()
        window.at += 1
        if data.draw(st.booleans()):
            window.place(window.at)
    passed = text[:before]
    assert window.place(window.at) == (3 + passed.count("\n"), 100 + len(passed.encode()))


@given(st.binary(), st.integers(1, 9))
def test_any_bytes_come_out_as_they_went_in(data: bytes, chunk: int) -> None:
    """Bytes that are not UTF-8 are carried through."""
    window = Window(BytesIO(data), chunk=chunk)
    found = ""
    while window.fill():
        found += window.text[window.at :]
        window.at = len(window.text)
    assert encoded(found) == data
    assert window.consumed == len(data)
