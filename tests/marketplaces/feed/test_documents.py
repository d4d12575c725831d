"""Exports become orders: rows of one number together, faults by row and column, damage never guessed at."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.marketplaces.deriving import Rejected
from gateway.marketplaces.feed.facts import FeedFacts
from gateway.marketplaces.feed.marketplace import Feed
from gateway.marketplaces.stream import Broken, Malformed, Outcome, RawOrder
from gateway.model.order import EmailKind, Flag, Order, Status
from policies.question import Mode
from tests.marketplaces.feed.feeds import A_ROW, COLUMNS, HEADER, export, loaded, table


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> FeedFacts:
    """A shop's CSV."""
    return loaded(tmp_path_factory.mktemp("feed"))


def outcomes(facts: FeedFacts, data: bytes, most: int = 100_000) -> list[Outcome]:
    return list(Feed(facts).documents(io.BytesIO(data), most))


def made(facts: FeedFacts, data: bytes) -> list[Order | Rejected | Malformed | Broken]:
    """What becomes of an export, in this process and in one of a pool alike."""
    feed, results = Feed(facts), list[Order | Rejected | Malformed | Broken]()
    for one in outcomes(facts, data):
        if isinstance(one, RawOrder):
            results.append(feed.derived(one.value))
            assert feed.prepared(feed.packed(one)) == results[-1]
        else:
            results.append(one)
    return results


def an_order(facts: FeedFacts, *rows: dict[str, str]) -> Order:
    [order] = made(facts, export(*rows))
    assert isinstance(order, Order), order
    return order


def errors(facts: FeedFacts, *rows: dict[str, str]) -> dict[str, list[str]]:
    [bad] = made(facts, export(*rows))
    assert isinstance(bad, Rejected), bad
    return bad.errors


def test_a_freight_order_keeps_its_contact_apart(facts: FeedFacts) -> None:
    """The carrier's contact is the buyer's, the shop's a placeholder; nothing else is kept."""
    order = an_order(facts, {})
    assert (order.marketplace, order.order_number) == ("shop", "WEB-1001")
    assert order.ordered_at.isoformat() == "2026-11-20T08:15:00+00:00"
    assert order.freight is not None
    assert order.freight.phone is not None
    assert order.freight.email is not None
    assert order.freight.phone.reveal() == "+493023125001"
    assert order.freight.email.reveal() == "erika@example.org"
    assert order.freight.name.reveal() == "Erika Mustermann"
    assert order.shop is not None
    assert order.shop.email.reveal() == "Erika-Mustermann.WEB-1001@placeholder.example"
    assert (order.email_kind, order.postcode_area) == (EmailKind.PLACEHOLDER, "01")


def test_a_parcels_contact_is_discarded(facts: FeedFacts) -> None:
    """Also one whose phone a spreadsheet damaged: what is not kept need not be right."""
    order = an_order(facts, {"Shipping": "Paket", "Phone": "4.915E+11"})
    assert order.freight is None
    assert order.discarded == ("phone", "email")
    assert Flag.PARCEL_PHONE_DISCARDED in order.flags


def test_a_relay_is_the_shops(tmp_path: Path) -> None:
    """An address in a domain that the marketplace made up goes to shops, and to no carrier."""
    facts = loaded(tmp_path, relay={"domains": ["relay.example"]})
    order = an_order(facts, {"Mail": "x1@Relay.example"})
    assert order.email_kind is EmailKind.RELAY
    assert order.shop is not None
    assert order.shop.email.reveal() == "x1@relay.example"
    assert order.freight is not None
    assert order.freight.email is None


def test_rows_of_one_number_are_one_order(facts: FeedFacts) -> None:
    """A further row may leave empty what is the order's; a quantity makes pieces."""
    empty = dict.fromkeys(A_ROW, "") | {"Order": "1001"}
    order = an_order(
        facts, {}, empty | {"Line": "2", "Qty": "2,00"}, empty | {"Line": "3", "Shipping": "Paket"}
    )
    assert [item.item_id for item in order.items] == ["1", "2", "2.2", "3"]
    assert [item.mode for item in order.items] == [Mode.FREIGHT] * 3 + [Mode.PARCEL]


@pytest.mark.parametrize(
    ("row", "mode"),
    [
        ({"Shipping": "", "SKU": "SOFA-3"}, Mode.FREIGHT),
        ({"Shipping": "", "Carrier": "DACHSER"}, Mode.FREIGHT),
        ({"Shipping": "spedition"}, Mode.FREIGHT),
        ({"Shipping": "", "Carrier": "Erika Mustermann"}, Mode.UNCLASSIFIED),
        ({"Shipping": ""}, Mode.UNCLASSIFIED),
    ],
)
def test_the_mode_rests_on_evidence(facts: FeedFacts, row: dict[str, str], mode: Mode) -> None:
    """Words count in any case; an unknown carrier proves nothing and is not kept."""
    [item] = an_order(facts, row).items
    assert item.mode is mode
    assert item.tracking_carrier in {None, "Dachser"}


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        ({"Order": "10/01"}, "Order", "letters, digits, dashes"),
        ({"Order": "x" * 29}, "Order", "must be 1 to 28"),
        ({"Date": "2026-13-01"}, "Date", "is no date of the form"),
        ({"Date": "45981"}, "Date", "is no date of the form"),
        ({"Date": ""}, "Date", "must not be empty"),
        ({"State": "gone"}, "State", "a word that [states] does not know"),
        ({"State": ""}, "State", "must not be empty"),
        ({"Country": "Atlantis"}, "Country", "a word that [countries] does not know"),
        ({"Shipping": "Drone"}, "Shipping", "a word that [delivery_types] does not know"),
        ({"Qty": "2,5"}, "Qty", "must be a whole number"),
        ({"Qty": "0"}, "Qty", "must be a whole number"),
        ({"Line": "1 a"}, "Line", "must be 1 to 58"),
        ({"Name": "=1+1"}, "Name", "holds a formula"),
        ({"Name": "Erika\u202e"}, "Name", "control characters or direction marks"),
        ({"Name": "x" * 129}, "Name", "128 characters at most"),
        ({"Name": "x" * 600}, "Name", "more than 512 characters"),
        ({"Name": ""}, "Name", "must not be empty beside a phone"),
        ({"Name": "", "Phone": "", "Mail": ""}, "Name", "though a piece is to be delivered"),
        ({"Phone": "4.915E+11"}, "Phone", "its digits are lost"),
        ({"Phone": "4,915e+11"}, "Phone", "its digits are lost"),
        ({"Phone": "1713920001.0"}, "Phone", "turned into a number"),
        ({"Phone": "1713920001"}, "Phone", "begins with neither 0 nor +"),
        ({"Phone": "491713920001"}, "Phone", "begins with neither 0 nor +"),
    ],
)
def test_a_fault_is_told_by_row_and_column(
    facts: FeedFacts, row: dict[str, str], column: str, says: str
) -> None:
    """As the owner calls the column, with the fix, and never with what stands there."""
    [(place, [message])] = errors(facts, row).items()
    assert place == f'row 2, "{column}"'
    assert says in message
    assert not any(value in message for value in row.values() if value and len(value) > 1)


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("1713920001", "+491713920001"),
        ("49 30 23125001", "+493023125001"),
        ('="01713920001"', "+491713920001"),
        ("'+49 171 3920001", "+491713920001"),
    ],
)
def test_damage_is_repaired_where_that_is_wanted(tmp_path: Path, given: str, number: str) -> None:
    """The 0 or + is put back; what spreadsheets are guarded with is taken off."""
    order = an_order(loaded(tmp_path, phones={"damaged": "repair"}), {"Phone": given})
    assert order.freight is not None
    assert order.freight.phone is not None
    assert order.freight.phone.reveal() == number


def test_damage_that_can_mean_two_numbers_is_refused(tmp_path: Path) -> None:
    """04917… is a number in Leer, +4917… a mobile one: whose it is, nobody guesses."""
    facts = loaded(tmp_path, phones={"damaged": "repair"})
    [message] = errors(facts, {"Phone": "491713920001"}).values()
    assert "which of them cannot be told" in message[0]


def test_a_delivery_and_the_marketplaces_bar_go_with_the_order(tmp_path: Path) -> None:
    """Both shorten how long the contact is kept."""
    facts = loaded(tmp_path, retention={"after_delivery_days": 14, "latest_days": 60})
    order = an_order(facts, {"Arrived": "21.11.2026", "State": "SENT"})
    assert order.bar == facts.bar
    assert order.items[0].delivered_at is not None
    assert order.items[0].status is Status.SENT


def test_good_orders_come_through_beside_bad_ones(facts: FeedFacts) -> None:
    """Too few cells, a wrong encoding, an order whose rows differ or stand apart: each is refused whole."""
    lines = export(
        {"Order": "1"},
        {"Order": "2"},
        {"Order": "2", "Line": "2", "Phone": "030 23125002"},
        {"Order": "3"},
        {"Order": "4"},
        {"Order": "1", "Line": "2"},
        {"Order": "5"},
        {"Order": "5", "Line": "2"},
        {"Order": "6"},
    ).splitlines(keepends=True)
    lines[4] = b"3;short\r\n"
    lines[5] = lines[5].replace(b"Erika", b"J\xfcrgen")
    lines[8] = lines[8].replace(b";", b";;", 1)
    found = made(facts, b"".join(lines))
    first, differs, short, encoding, apart, torn, last = found
    assert isinstance(first, Order)
    assert isinstance(last, Order)
    assert isinstance(differs, Rejected)
    assert differs.errors == {'row 4, "Phone"': ["differs from another row of the same order"]}
    told = [one for one in (short, encoding, torn) if isinstance(one, Malformed)]
    assert [one.order_number for one in told] == ["WEB-3", "WEB-4", "WEB-5"]
    assert "row 5 has 2 cells, the header 15" in told[0].message
    assert "row 6 is not utf-8" in told[1].message
    assert isinstance(apart, Rejected)
    assert apart.order_number == "WEB-1"
    assert "stands apart" in apart.errors['row 7, "Order"'][0]
    # The order is refused with both of its rows, so that neither is stored alone.
    assert told[2].raw == b"".join(lines[7:9])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "the input is empty"),
        (table([[name for name in HEADER if name != "Phone"]]), 'no column "Phone"'),
        (table([[*HEADER, "Phone"]]), '"Phone" (columns.phone) stands twice'),
        (table([HEADER], delimiter=","), "is it the right file.delimiter?"),
        (table([HEADER]).replace(b"Order", b"\xff"), "the header is not utf-8"),
        (table([["Erika Mustermann", "030 23125001"]]), 'with 2 cells, has no column "Order"'),
    ],
)
def test_a_wrong_header_ends_it(facts: FeedFacts, data: bytes, says: str) -> None:
    """Nothing is read under a wrong map, and the header is not repeated: it may be a buyer."""
    [broken] = outcomes(facts, data)
    assert isinstance(broken, Broken)
    assert says in broken.message
    assert "Erika" not in broken.message


def test_rejects_can_be_imported_again(facts: FeedFacts) -> None:
    """Header and rows as they came; Excel's sep line and a missing last line's end do no harm."""
    documents = Feed(facts).documents(
        io.BytesIO(b"sep=;\r\n" + export({"Order": "1"}).removesuffix(b"\r\n")), 100_000
    )
    [raw] = documents
    assert isinstance(raw, RawOrder)
    again = documents.head + documents.again(raw.raw)
    assert again.splitlines() == export({"Order": "1"}).splitlines()
    assert again.endswith(b"\n")


def test_an_order_has_a_limit(facts: FeedFacts) -> None:
    """However many rows it takes; the next order is read all the same."""
    rows = [{"Order": "1", "Line": str(line)} for line in range(100)]
    big, good = outcomes(facts, export(*rows, {"Order": "2"}), most=1000)
    assert isinstance(big, Malformed)
    assert big.raw is None
    assert "larger than the limit" in big.message
    assert isinstance(good, RawOrder)


JSON_COLUMNS = {key: name.lower() for key, name in COLUMNS.items()} | {
    "name": "ship.name",
    "phone": "ship.phone",
    "sku": "lines[].sku",
    "piece": "lines[].id",
    "quantity": "lines[].count",
    "delivery_type": "lines[].shipping",
}


def a_record(**changes: Any) -> dict[str, Any]:
    return {
        "order": 1001,
        "date": "2026-11-20T09:15:00+01:00",
        "ship": {"name": "Erika Mustermann", "phone": "030 23125001"},
        "zip": "01067",
        "country": "DE",
        "mail": "erika@example.org",
        "state": "paid",
        "lines": [{"id": 1, "sku": "SOFA-3", "count": 2, "shipping": None}],
        **changes,
    }


@pytest.mark.parametrize("form", ["array", "object", "ndjson"])
def test_json_is_read_by_its_paths(tmp_path: Path, form: str) -> None:
    """Inner members and a list of pieces; an array, an object that holds it, or a record a line."""
    file = {"format": "json", "records": "orders"}
    facts = loaded(tmp_path, file=file, columns=JSON_COLUMNS)
    records = [a_record(), a_record(order="1002", lines=[])]
    data = {
        "array": json.dumps(records),
        "object": json.dumps({"total": 2, "orders": records}),
        "ndjson": "\n".join(map(json.dumps, records)),
    }[form]
    good, bad = made(facts, data.encode())
    [nameless] = made(facts, json.dumps([a_record(order=None)]).encode())
    assert isinstance(nameless, Rejected)
    assert nameless.order_number is None
    assert isinstance(good, Order)
    assert [item.item_id for item in good.items] == ["1", "1.2"]
    assert isinstance(bad, Rejected)
    assert bad == Rejected("WEB-1002", {"record 2, lines": ["must hold a piece at least"]})


def test_json_numbers_lose_zeros(tmp_path: Path) -> None:
    """A phone or postcode that is a number is refused; an order's number may be one."""
    facts = loaded(tmp_path, file={"format": "json"}, columns=JSON_COLUMNS)
    ship = {"name": "Erika", "phone": 1713920001}
    [bad] = made(facts, json.dumps(a_record(zip=1067, ship=ship)).encode())
    assert isinstance(bad, Rejected)
    assert set(bad.errors) == {'record 1, lines 1, "zip"', 'record 1, lines 1, "ship.phone"'}


def test_flat_json_is_grouped_as_rows_are(tmp_path: Path) -> None:
    """Without a list of pieces each record is one; a later one that stands apart is refused."""
    flat = {key: name.lower() for key, name in COLUMNS.items()}
    facts = loaded(tmp_path, file={"format": "json"}, columns=flat)
    base = {name.lower(): value for name, value in A_ROW.items()}
    records = [base, base | {"line": "2"}, base | {"order": "7"}, base | {"line": "3"}]
    found = made(facts, json.dumps(records).encode())
    assert [type(one) for one in found] == [Order, Order, Rejected]
    assert isinstance(found[0], Order)
    assert len(found[0].items) == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(st.text(max_size=30), min_size=15, max_size=15), max_size=4))
def test_any_cells_make_an_order_or_a_refusal(facts: FeedFacts, rows: list[list[str]]) -> None:
    """Whatever stands in the cells, nothing is raised."""
    clean = [[cell.encode(errors="replace").decode() for cell in row] for row in rows]
    assert len(made(facts, table([HEADER, *clean]))) <= len(rows)


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["order", "ship", "lines", "state", "id", "phone", "name", "date", "zip"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_makes_an_order_or_a_refusal(json_facts: FeedFacts, value: Any) -> None:
    """Whatever the members are, nothing is raised."""
    made(json_facts, json.dumps([value]).encode())


@pytest.fixture(scope="module")
def json_facts(tmp_path_factory: pytest.TempPathFactory) -> FeedFacts:
    """A shop's JSON."""
    folder = tmp_path_factory.mktemp("json")
    return loaded(folder, file={"format": "json", "records": "orders"}, columns=JSON_COLUMNS)
