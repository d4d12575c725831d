"""What is wrong with an input is said with its place; the rest is read as far as it can be trusted."""

import json
from io import BytesIO

import pytest

from gateway.marketplaces.stream import Broken, Malformed, OrderStream, Outcome, RawOrder
from tests.builders import a_page, an_order, ndjson, order_number

MIB = 1024 * 1024
FIX = "save the file as UTF-8 without byte order mark"


def read(data: bytes, order_bytes: int = MIB) -> list[Outcome]:
    """All outcomes of `data`."""
    return list(OrderStream(BytesIO(data), order_bytes=order_bytes))


def middle(element: bytes) -> Malformed:
    """The outcome of an element between two good ones, which must both come through."""
    first, bad, last = read(b'[{"n": 1}, ' + element + b', {"n": 2}]')
    assert isinstance(first, RawOrder)
    assert isinstance(last, RawOrder)
    assert isinstance(bad, Malformed)
    assert (first.value, last.value) == ({"n": 1}, {"n": 2})
    assert (first.position, bad.position, last.position) == (1, 2, 3)
    assert (bad.line, bad.byte) == (1, 11)
    return bad


@pytest.mark.parametrize(
    ("element", "message"),
    [
        (b'{"a": 1, "a": 2}', 'holds "a" twice in one object'),
        (b'{"x": {"b_1": 1, "c": 0, "b_1": 1}}', 'holds "b_1" twice in one object'),
        (b'{"erika@example.org": 1, "erika@example.org": 2}', "holds a name twice in one object"),
        (b'{"a": NaN}', "holds NaN, which JSON does not have"),
        (b'{"a": [-Infinity]}', "holds -Infinity, which JSON does not have"),
        (b'{"a": ' + b"7" * 5000 + b"}", "holds a number of 5000 digits"),
        (b'{"a": ' + b"[" * 32 + b"]" * 32 + b"}", "nests deeper than 32 levels"),
        (b'{"a": ' + b"[" * 900 + b"]" * 900 + b"}", "nests deeper than 32 levels"),
        (b'{"a":' * 200_000 + b"1" + b"}" * 200_000, "nests deeper than 32 levels"),
        (b'{"a": "\\ud800"}', "holds half of a surrogate pair"),
        (b'{"\\udc00": 1}', "holds half of a surrogate pair"),
        (b'{"a": "M\xfcller"}', f"not UTF-8 at byte 19; {FIX}"),
        (b'{"a": "\xed\xa0\x80"}', f"not UTF-8 at byte 18; {FIX}"),
        (b'{"a": "' + b"x" * 10 * MIB + b'"}', "larger than the limit of 1 MiB for one order"),
        (b'{"a": "' + b'\\"' * MIB + b'"}', "larger than the limit of 1 MiB for one order"),
        (b'"' + b"x" * 2 * MIB + b'"', "larger than the limit of 1 MiB for one order"),
        (b'{"a": [' + b"{}," * MIB + b"{}]}", "larger than the limit of 1 MiB for one order"),
        (b"[" * 200_000 + b"]" * 200_000, "nests deeper than 32 levels"),
        (b'[{"n": 3}]', "not an object in braces"),
        (b"null", "not an object in braces"),
        (b"12.5", "not an object in braces"),
        (b'"text"', "not an object in braces"),
        (b'{"resources": [{}]}', '"resources" belongs to a page and holds a list'),
    ],
    ids=lambda value: value[:24] if isinstance(value, bytes) else None,
)
def test_a_refused_element_does_not_stop_the_reading(element: bytes, message: str) -> None:
    """The element is refused with the reason and kept whole; its neighbours come through."""
    bad = middle(element)
    assert bad.message.startswith(message)
    assert bad.raw == element


def test_depth_and_size_up_to_the_limit_pass() -> None:
    """An order that just keeps within the limits is an order."""
    deep = b'{"a": ' + b"[" * 31 + b"]" * 31 + b"}"
    wide = b'{"a": [' + b"[]," * 99 + b"[]]}"
    pair = b'{"a": "\\ud83d\\ude9a"}'
    assert [type(outcome) for outcome in read(b"[" + b",".join([deep, wide, pair]) + b"]")] == [
        RawOrder
    ] * 3
    assert isinstance(read(b'{"a":"x"}', order_bytes=9)[0], RawOrder)
    refused = read(b'{"a":"xy"}', order_bytes=9)[0]
    assert isinstance(refused, Malformed)
    assert refused.message == "larger than the limit of 9 bytes for one order"


def test_what_is_too_large_to_hold_is_passed_by() -> None:
    """Beyond 32 MiB the element is not kept, yet what comes after it is read."""
    huge = b'{"a": "' + b"x" * 33 * MIB + b'"}'
    for data in (b"[" + huge + b', {"n": 2}]', b'{"n": 1}\n' + huge + b'\n{"n": 2}\n'):
        outcomes = read(data)
        bad = next(outcome for outcome in outcomes if isinstance(outcome, Malformed))
        assert bad.raw is None
        assert "MiB" in bad.message
        assert isinstance(outcomes[-1], RawOrder)
        assert outcomes[-1].value == {"n": 2}


def test_a_refused_order_is_named_where_it_says_its_number() -> None:
    """Position and order number lead back to the order."""
    bad = middle(b'{"orderNumber": "bagm62dvgp", "a": 1, "a": 2}')
    assert bad.order_number == "bagm62dvgp"
    assert middle(b'{"orderNumber": "Erika M.", "a": 1, "a": 2}').order_number is None


@pytest.mark.parametrize(
    ("data", "line", "byte", "message"),
    [
        (b"", 1, 0, "the input is empty"),
        (b" \n ", 2, 3, "the input is empty"),
        (b"orders", 1, 0, "not JSON: an order begins with {"),
        (b'"text"', 1, 0, "not JSON: an order begins with {"),
        (b'[{"n": 1},\n {"n": }]', 2, 18, "not JSON: Expecting value"),
        (b'[{"n": 1} {"n": 2}]', 1, 10, "not JSON: a comma or ] belongs here"),
        (b'[{"n": 1}, {"n": 2', 1, 18, "the input ends in the middle"),
        (b'[{"n": 1}, 12', 1, 13, "the input ends in the middle"),
        (b'[{"n": 1}, tru', 1, 11, "not JSON: Expecting value"),
        (b'[{"n": 1}', 1, 9, "the input ends in the middle"),
        (b'[{"n": 1}]]', 1, 10, "not JSON: an order begins with {"),
        (b'[{"n": 1}] \xef\xbb\xbf', 1, 11, f"a byte order mark; {FIX}"),
        (b'[{"n": 1}, \xfc]', 1, 11, f"not UTF-8; {FIX}"),
        (b'[{"n": 1}, {"a": "b\tc"}]', 1, 19, "not JSON: Invalid control character at"),
        (b'{"resources": [{"n": 1}], "resources": []}', 1, 39, '"resources" stands twice'),
        (b'{"resources": [{"n": 1}], links: []}', 1, 26, "not JSON: a name in double quotes"),
        (b'{"resources": [{"n": 1}], "links" []}', 1, 34, "not JSON: a colon belongs here"),
        (b'{"resources": [{"n": 1}]', 1, 24, "the input ends in the middle"),
        (b'{"resources": [{"n": 1}], "x": [1, 2', 1, 36, "the input ends in the middle"),
        (b'[{"n": 1}, {"a": "' + b"x" * 2 * MIB, 1, 18 + 2 * MIB, "the input ends in the middle"),
        (b'[{"n": 1}, {"a": "' + b"x" * 2 * MIB + b"\\", 1, 19 + 2 * MIB, "the input ends in"),
        (b'[{"n": 1}, ' + b"1" * 2 * MIB + b"]", 1, 11, "larger than the limit"),
        (b'{"' + b"k" * 2 * MIB + b'": 1}', 1, 2 * MIB + 3, "a name: larger than the limit"),
    ],
    ids=lambda value: value[:24] if isinstance(value, bytes) else None,
)
def test_broken_json_says_where(data: bytes, line: int, byte: int, message: str) -> None:
    """What came before the break stays; the break has its line, its byte and its reason."""
    *before, broken = read(data)
    assert isinstance(broken, Broken)
    assert (broken.line, broken.byte) == (line, byte)
    assert broken.message.startswith(message)
    assert len(before) == (b'"n": 1}' in data)
    assert all(isinstance(outcome, RawOrder) for outcome in before)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xef\xbb\xbf[]", "begins with a byte order mark"),
        ("[]".encode("utf-16"), "UTF-16 or UTF-32"),
        ('{"a": 1}'.encode("utf-16-le"), "UTF-16 or UTF-32"),
        ('{"a": 1}'.encode("utf-16-be"), "UTF-16 or UTF-32"),
        ("\ufeff[]".encode("utf-16-be"), "UTF-16 or UTF-32"),
        ("[]".encode("utf-32"), "UTF-16 or UTF-32"),
        ("[]".encode("utf-32-be"), "UTF-16 or UTF-32"),
    ],
)
def test_other_encodings_are_named_with_the_way_out(data: bytes, message: str) -> None:
    """A byte order mark or two bytes a character: the message says how to save the file."""
    assert read(data) == [Broken(1, 0, f"{message}; {FIX}")]


def test_a_latin_1_file_loses_only_the_orders_it_spoils() -> None:
    """The structure is ASCII: orders without umlauts come through, the others are refused."""
    orders = [an_order(order_number(1)), an_order(order_number(2), city="Köln")]
    data = json.dumps({"resources": orders}, ensure_ascii=False).encode("latin-1")
    good, bad = read(data)
    assert isinstance(good, RawOrder)
    assert isinstance(bad, Malformed)
    assert "not UTF-8" in bad.message
    assert bad.order_number == order_number(2)
    assert bad.raw is not None
    assert json.loads(bad.raw.decode("latin-1")) == orders[1]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"n": 2', "the input ends in the middle, at column 8 of the line"),
        (b'{"n": }', "not JSON: Expecting value, at column 7 of the line"),
        (b'{"n": 2} {"n": 3}', "more than one value on a line"),
        (b"garbage", "not JSON: Expecting value, at column 1 of the line"),
        (b"\xff\xfe", f"not UTF-8; {FIX}, at column 1 of the line"),
        (b'{"n": "\xff"}', f"not UTF-8 at byte 16; {FIX}"),
        (b"\xef\xbb\xbf{}", f"a byte order mark; {FIX}, at column 1 of the line"),
        (b'{"n":' * 5000 + b"1" + b"}" * 5000, "nests deeper than 32 levels"),
        (b'{"n": "' + b"x" * 10 * MIB + b'"}', "larger than the limit of 1 MiB for one order"),
        (b'{"resources": [{"n": 2}, {"n": ]}', "not JSON: Expecting value, at column 32"),
        (b'{"resources": 2}', '"resources" belongs to a page'),
        (b"5", "not an object in braces"),
    ],
    ids=lambda value: value[:24] if isinstance(value, bytes) else None,
)
def test_a_broken_line_is_refused_alone(line: bytes, message: str) -> None:
    """Lines delimit orders whatever stands in them, so the next line is read as if nothing was."""
    outcomes = read(b'{"n": 1}\n' + line + b'\n{"n": 5}\n{"n": 6}')
    bad = outcomes[1]
    assert isinstance(bad, Malformed)
    assert bad.message.startswith(message)
    assert (bad.position, bad.line, bad.byte, bad.raw) == (2, 2, 9, line)
    assert [o.value for o in outcomes if isinstance(o, RawOrder)] == [{"n": 1}, {"n": 5}, {"n": 6}]


@pytest.mark.parametrize("first", [b"garbage", b'{"n": 1', b"]", b"\xff"])
def test_a_broken_first_line_is_refused_alone_too(first: bytes) -> None:
    """The lines after it show that lines are meant."""
    outcomes = read(first + b'\n{"n": 2}\n{"n": 3}\n')
    assert isinstance(outcomes[0], Malformed)
    assert [o.value for o in outcomes if isinstance(o, RawOrder)] == [{"n": 2}, {"n": 3}]


def test_a_page_on_a_line_that_breaks_says_so_after_its_orders() -> None:
    """Each order of a page on a line is judged on its own."""
    page = a_page([{"n": 1}, [], {"n": 2, "links": []}])
    outcomes = read(page + b"\n" + page + b"\n")
    assert [type(outcome) for outcome in outcomes] == [RawOrder, Malformed, RawOrder] * 2
    second = outcomes[4]
    assert isinstance(second, Malformed)
    assert (second.position, second.line) == (5, 2)
    assert second.byte == len(page) + 1 + page.index(b"[]")


def test_a_long_last_line_without_end_is_read() -> None:
    """The end of the input ends a line as well, also one longer than the window."""
    long = {"n": "x" * 600_000}
    data = ndjson([{"n": 1}, {"n": 2}]) + json.dumps(long).encode()
    assert [o.value for o in read(data) if isinstance(o, RawOrder)][-1] == long


def test_one_order_refused_for_a_member_is_kept_whole() -> None:
    """A single order with a member that is too large or too deep is refused, and what follows read."""
    for member in (b'"' + b"x" * 2 * MIB + b'"', b"[" * 5000 + b"]" * 5000):
        order = b'{"a":1,"b":' + member + b"}"
        bad, good = read(order + b' {"n": 2}')
        assert isinstance(bad, Malformed)
        assert bad.raw == order
        assert isinstance(good, RawOrder)


def test_one_order_too_large_to_hold_is_passed_by() -> None:
    """Neither one member beyond 32 MiB nor many together are held."""
    half = b'"' + b"x" * 17 * MIB + b'"'
    whole = b'"' + b"x" * 33 * MIB + b'"'
    for order in (b'{"a":' + half + b',"b":' + half + b"}", b'{"a":' + whole + b',"b":1}'):
        (bad,) = read(order)
        assert isinstance(bad, Malformed)
        assert bad.raw is None
        assert "larger than the limit of 1 MiB" in bad.message


def test_many_small_members_beyond_the_limit_are_refused() -> None:
    """An order is measured whole, not by its members."""
    members = b",".join(b'"k%d": "%s"' % (n, b"x" * 1000) for n in range(1200))
    (bad,) = read(b"{" + members + b"}")
    assert isinstance(bad, Malformed)
    assert bad.message == "larger than the limit of 1 MiB for one order"


def test_deep_nesting_just_below_the_interpreters_limit_is_refused_in_a_single_order() -> None:
    """Members that still decode may not, together with the braces around them."""
    for depth in range(900, 1000):
        order = b'{"a":' + b"[" * depth + b"]" * depth + b"}"
        (bad,) = read(order)
        assert isinstance(bad, Malformed)
        assert bad.message == "nests deeper than 32 levels"
