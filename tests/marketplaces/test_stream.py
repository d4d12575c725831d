"""The stream gives every order of every form, in any pieces, and survives whatever it is fed."""

import json
import pickle
import tracemalloc
from dataclasses import replace
from io import BytesIO
from itertools import count
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.marketplaces.stream import (
    Broken,
    Lines,
    Malformed,
    OrderStream,
    Outcome,
    RawOrder,
)
from tests.builders import a_page, an_array, an_order, ndjson, order_number

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6).filter(
    lambda key: key != "resources"
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)


class Dripping:
    """A source that gives fewer bytes than it is asked for, as sockets do."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data = BytesIO(data)
        self._sizes = sizes

    def read(self, size: int, /) -> bytes:
        """A few bytes of the rest."""
        self._sizes.append(self._sizes.pop(0))
        return self._data.read(min(size, self._sizes[0]))


def read(data: bytes, **options: Any) -> list[Outcome]:
    """All outcomes of `data`."""
    return list(OrderStream(BytesIO(data), **options))


def values(outcomes: list[Outcome]) -> list[Any]:
    """What came through."""
    return [outcome.value for outcome in outcomes if isinstance(outcome, RawOrder)]


@st.composite
def documents(draw: st.DrawFn) -> tuple[bytes, list[Any]]:
    """A document in one of the forms, and the orders in it."""
    orders = draw(st.lists(OBJECTS, max_size=5))
    form = draw(st.sampled_from(["one", "page", "array", "lines", "pages"]))
    style: dict[str, Any] = {"ensure_ascii": draw(st.booleans())}
    if form in {"one", "page", "array"}:
        style["indent"] = draw(st.sampled_from([None, 0, 2, "\t"]))
    match form:
        case "one":
            orders = orders[:1] or [{}]
            text = json.dumps(orders[0], **style)
        case "page":
            before, after = draw(OBJECTS), draw(OBJECTS)
            after = {key: value for key, value in after.items() if key not in before}
            text = json.dumps({**before, "resources": orders, **after}, **style)
        case "array":
            text = json.dumps(orders, **style)
        case "lines":
            end = draw(st.sampled_from(["\n", "\r\n", "\n\n"]))
            orders = orders or [{}]
            text = "".join(json.dumps(order, **style) + end for order in orders)
        case _:
            pages = [orders[:2], orders[2:]]
            text = "".join(json.dumps({"resources": page}, **style) + "\n" for page in pages)
    return text.encode(), orders


@given(documents(), st.lists(st.integers(1, 40), min_size=1, max_size=5), st.integers(1, 64))
def test_every_form_round_trips_in_any_pieces(
    document: tuple[bytes, list[Any]], sizes: list[int], chunk: int
) -> None:
    """Every order of a valid document comes through, in order, with its own bytes."""
    data, orders = document
    stream = OrderStream(Dripping(data, sizes), chunk=chunk)
    outcomes = list(stream)
    assert values(outcomes) == orders
    assert all(isinstance(outcome, RawOrder) for outcome in outcomes)
    for position, outcome in enumerate(outcomes, start=1):
        assert isinstance(outcome, RawOrder)
        assert outcome.position == position
        assert json.loads(outcome.raw) == outcome.value
    assert stream.consumed == len(data)


@given(documents())
def test_lines_and_pages_round_trip_when_read_at_once(document: tuple[bytes, list[Any]]) -> None:
    """The look ahead that tells lines from a document does not mistake one for the other."""
    data, orders = document
    assert values(read(data)) == orders


@given(documents(), st.data())
def test_what_comes_before_a_tear_stays(
    document: tuple[bytes, list[Any]], data: st.DataObject
) -> None:
    """A document cut off anywhere gives the orders before the cut, and says that it is broken."""
    whole, orders = document
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    outcomes = read(cut, chunk=16)
    came = values(outcomes)
    assert came == orders[: len(came)]
    assert all(not isinstance(outcome, Broken) for outcome in outcomes[:-1])
    if len(came) < len(orders) and not any(isinstance(o, Malformed) for o in outcomes):
        cut_between_documents = not cut.strip() or cut.rstrip().endswith(b"}")
        assert isinstance(outcomes[-1], Broken) or cut_between_documents


@given(st.binary(max_size=200), st.integers(1, 64))
@example(b"\xff\xfe", 1)
@example(b'["\\', 1)
def test_garbage_never_raises(garbage: bytes, chunk: int) -> None:
    """Whatever bytes come, there are outcomes, and at most one end of trust."""
    outcomes = read(garbage, chunk=chunk)
    assert all(not isinstance(outcome, Broken) for outcome in outcomes[:-1])


@given(documents(), st.data())
def test_damaged_documents_never_raise(
    document: tuple[bytes, list[Any]], data: st.DataObject
) -> None:
    """A valid document with bytes put into it gives outcomes, whose positions count on."""
    whole, _ = document
    at = data.draw(st.integers(0, len(whole)))
    put = data.draw(
        st.binary(max_size=4) | st.sampled_from([b"{", b"}", b"[", b"]", b'"', b",", b"\n"])
    )
    outcomes = read(whole[:at] + put + whole[at:], chunk=data.draw(st.integers(1, 300)))
    counted = [outcome for outcome in outcomes if not isinstance(outcome, Broken)]
    assert [outcome.position for outcome in counted] == list(range(1, len(counted) + 1))
    assert counted == outcomes[: len(counted)]


@given(documents(), st.data(), st.integers(1, 64))
def test_lines_that_are_read_later_give_the_same(
    document: tuple[bytes, list[Any]], data: st.DataObject, chunk: int
) -> None:
    """Whole and damaged: the same orders, faults and places, each at its position."""
    whole, _ = document
    cut = data.draw(st.integers(0, len(whole)))
    torn = whole[:cut] + data.draw(st.binary(max_size=3)) + whole[cut:]
    later: list[Outcome] = []
    for one in OrderStream(BytesIO(torn), chunk=chunk).coarsely():
        later += pickle.loads(pickle.dumps(one)).outcomes() if isinstance(one, Lines) else [one]
        if any(isinstance(outcome, Broken) for outcome in later):
            break
    positions = count(1)
    counted = [
        one if isinstance(one, Broken) else replace(one, position=next(positions)) for one in later
    ]
    assert counted == read(torn, chunk=chunk)


def test_further_keys_of_a_page_are_passed_over() -> None:
    """Links before and after the orders do not disturb, however they are nested."""
    data = (
        b'{"total": 2, "links": [{"a": {}}], "resources": [{"n": 1}, {"n": 2}], "next": {"b": []}}'
    )
    assert values(read(data)) == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize(
    "data", [b"[]", b'{"resources": []}', b" [ ] \n", b'{"links":[],"resources":[ ]}']
)
def test_no_orders_are_no_fault(data: bytes) -> None:
    """An empty page is what OTTO answers when nothing changed."""
    assert read(data) == []


def test_documents_may_follow_one_another() -> None:
    """Pages put together by `cat`, written over many lines, are read to the end."""
    pages = [json.dumps({"resources": [{"n": n}, {"n": -n}]}, indent=2) for n in (1, 2)]
    assert values(read("\n".join(pages).encode())) == [{"n": 1}, {"n": -1}, {"n": 2}, {"n": -2}]


def test_an_order_has_its_very_bytes() -> None:
    """What is kept of an order is what came, white space and escapes too."""
    orders = [b'{"a" : "\\u00e4\xc3\xa4" }', b'{ "a":1.50 }']
    outcomes = read(b"[" + b" , ".join(orders) + b"]")
    assert [outcome.raw for outcome in outcomes if isinstance(outcome, RawOrder)] == orders


def test_outcomes_show_nothing_of_an_order() -> None:
    """The text of an outcome, as a log would have it, holds no value of the order."""
    outcomes = read(
        b'[{"secret": "canary"}, {"canary": 1, "canary": 2, "x": "canary"}, ["canary"]]'
    )
    assert "canary" not in repr(outcomes).replace('holds "canary" twice', "")


@pytest.mark.parametrize("form", [a_page, an_array, ndjson])
def test_memory_stays_flat(form: Any) -> None:
    """Of a long input only a window is held."""
    data = form(an_order(order_number(count)) for count in range(3000))
    assert len(data) > 4_000_000
    tracemalloc.start()
    count = sum(isinstance(outcome, RawOrder) for outcome in OrderStream(BytesIO(data)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 3000
    assert peak < 2_500_000


def test_progress_can_be_followed() -> None:
    """`consumed` grows with the reading, up to the size of the input."""
    data = an_array(an_order(order_number(count)) for count in range(50))
    stream = OrderStream(BytesIO(data), chunk=4096)
    seen = [stream.consumed for _ in stream]
    assert seen == sorted(seen)
    assert seen[0] < seen[-1] == len(data) == stream.consumed


@pytest.mark.parametrize("number", ["-0.0", "1.5e+30", "12E-7", "0", "-17"])
@pytest.mark.parametrize("chunk", range(1, 25))
def test_a_number_split_between_two_reads_stays_one(number: str, chunk: int) -> None:
    """A member before the orders may end a read anywhere, also behind its point or its exponent."""
    data = f'{{"count": {number}, "resources": [{{"a": {number}}}]}}'.encode()
    outcomes = list(OrderStream(Dripping(data, [chunk]), chunk=chunk))
    assert values(outcomes) == [{"a": json.loads(number)}]
