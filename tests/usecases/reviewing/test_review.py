"""Reviewing: every look is on record before it shows anything, filters narrow, pages never overlap."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.errors import InvalidInput
from gateway.usecases import forget
from gateway.usecases.reviewing import review
from gateway.usecases.reviewing.review import Filters
from policies.question import Purpose, Role
from tests.builders import an_order
from tests.world import NOON, TESTER, World


def shown(world: World, **filters: str) -> list[dict[str, Any]]:
    """The first page under these filters, by their outward names."""
    return review.entries(world.store, "default", TESTER, Filters.parse(filters)).entries


def actions(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["action"] for entry in entries]


@pytest.fixture
def story(world: World) -> World:
    """Two orders taken in; one assigned to dachser, released once, and asked for marketing once."""
    world.take_in(an_order("aaaaaaaaa1"), an_order("aaaaaaaaa2"))
    world.clock.forward(hours=1)
    world.assign("aaaaaaaaa1")
    carrier = world.client()
    world.clock.forward(hours=1)
    world.ask(carrier, "aaaaaaaaa1")
    world.ask(carrier, "aaaaaaaaa1", purpose="marketing")
    return world


def test_newest_come_first_without_the_look_itself(story: World) -> None:
    """A page begins with what happened last before somebody looked."""
    entries = shown(story)
    assert actions(entries)[:2] == ["contact.refused", "contact.released"]
    assert [entry["index"] for entry in entries] == list(range(len(entries)))[::-1]


def test_every_look_is_on_record(story: World) -> None:
    """The next page shows that somebody looked, who, and by which filters, but not for what."""
    shown(story, action="contact.refused", order_number="aaaaaaaaa1")
    look = shown(story)[0]
    assert look["action"] == "audit.viewed"
    assert look["actor"] == {"role": "operator", "id": "test"}
    assert look["detail"] == {"filters": "order_number,action"}
    assert look["subject"] == story.kept("aaaaaaaaa1").subject
    assert "aaaaaaaaa1" not in str(look)


NARROWED: list[tuple[dict[str, str], list[str]]] = [
    ({"order_number": "aaaaaaaaa2"}, ["order.stored"]),
    (
        {"order_number": "aaaaaaaaa1"},
        ["contact.refused", "contact.released", "order.assigned", "order.stored"],
    ),
    (
        {"carrier": "dachser"},
        [
            "contact.refused",
            "contact.released",
            "client.created",
            "order.assigned",
            "carrier.registered",
        ],
    ),
    ({"action": "order.stored"}, ["order.stored", "order.stored"]),
    ({"outcome": "permitted"}, ["contact.released"]),
    ({"reason": "purpose_marketing"}, ["contact.refused"]),
    ({"reason": "not_freight"}, []),
    ({"purpose": "delivery-appointment"}, ["contact.released"]),
    ({"purpose": "marketing", "outcome": "permitted"}, []),
    ({"actor": "nobody"}, []),
    ({"order_number": "unknown"}, []),
    (
        {"from": "2026-11-23T14:00:00Z", "to": "2026-11-23T15:00:00Z"},
        ["contact.refused", "contact.released"],
    ),
    (
        {"from": "2026-11-23T13:00:00Z", "to": "2026-11-23T14:00:00Z"},
        ["client.created", "order.assigned"],
    ),
    ({"from": "2027-01-01T00:00:00Z"}, []),
    ({"to": "2026-01-01T00:00:00Z"}, []),
]


def test_filters_narrow(story: World) -> None:
    """Each filter leaves what it names, and several leave what all of them name."""
    story.clock.forward(hours=1)
    for filters, expected in NARROWED:
        assert actions(shown(story, **filters)) == expected, filters


def test_a_filter_by_actor_leaves_what_that_client_did(story: World) -> None:
    """A carrier's own doings, by the id of its client."""
    client = shown(story, action="client.created")[0]["detail"]["client"]
    assert actions(shown(story, actor=client)) == ["contact.refused", "contact.released"]


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"action": "order.eaten"}, "not an action: order.stored"),
        ({"outcome": "maybe"}, "permitted, refused"),
        ({"reason": "mood"}, "reason code"),
        ({"purpose": "fun"}, "not a purpose"),
        ({"from": "yesterday"}, "2026-11-23T18:05:00Z"),
        ({"to": "2026-11-23T18:05:00"}, "offset"),
        ({"colour": "blue"}, "no such filter"),
    ],
)
def test_a_filter_that_is_none_is_named(filters: dict[str, str], message: str) -> None:
    """What cannot be looked for is an error that says what can."""
    with pytest.raises(InvalidInput, match=message) as refusal:
        Filters.parse(filters)
    assert set(refusal.value.errors) == set(filters)


def test_pages_follow_without_gap_or_overlap(story: World) -> None:
    """Following the cursors gives every entry once, whatever is added meanwhile."""
    whole = [entry["id"] for entry in shown(story)]
    for limit in (1, 2, 3, len(whole), 1000):
        seen, cursor = [], None
        while not seen or cursor is not None:
            page = review.entries(story.store, "default", TESTER, Filters(), cursor, limit)
            # The looks of earlier walks are newer than what this one is held against.
            seen += [entry["id"] for entry in page.entries if entry["action"] != "audit.viewed"]
            cursor = page.next_cursor
        assert seen == whole, limit


def test_a_cursor_that_no_page_gave_is_refused(world: World) -> None:
    """A made-up cursor is an error, not a page."""
    for cursor in ("", "x", "MS4", "MS4tMQ", "é", "MS4x MS4x", "A" * 500):
        with pytest.raises(InvalidInput, match="cursor"):
            review.entries(world.store, "default", TESTER, Filters(), cursor)


def test_a_page_has_a_bounded_size(world: World) -> None:
    """Nobody asks for everything at once."""
    for limit in (-1, 0, 1001):
        with pytest.raises(InvalidInput, match="1 to 1000"):
            review.entries(world.store, "default", TESTER, Filters(), limit=limit)


def test_a_merchant_sees_only_its_own(story: World) -> None:
    """Another merchant's log shows nothing of this one's, by no filter and no cursor."""
    story.merchant("other")
    first = review.entries(story.store, "default", TESTER, Filters(), limit=1)
    for cursor in (None, first.next_cursor):
        page = review.entries(story.store, "other", TESTER, Filters(), cursor, 1000)
        assert {entry["merchant"] for entry in page.entries} <= {"other"}
    found = review.entries(
        story.store, "other", TESTER, Filters.parse({"order_number": "aaaaaaaaa1"})
    )
    assert found.entries == []


def test_after_erasure_the_order_finds_nothing(story: World) -> None:
    """Its entries stay in the log, but nothing leads from the order number to them."""
    subject = story.kept("aaaaaaaaa1").subject
    forget.erase(story.store, "default", TESTER, "aaaaaaaaa1", "asked for it")
    assert shown(story, order_number="aaaaaaaaa1") == []
    assert any(entry["subject"] == subject for entry in shown(story))


def test_an_export_gives_the_log_as_it_stood(story: World) -> None:
    """Everything up to the export, oldest first; the export itself is the next entry."""
    exported = list(review.export(story.store, "default", TESTER, Filters()))
    log = story.log()
    assert [entry["id"] for entry in exported] == [entry.id for entry in log[:-1]]
    assert log[-1].action == "audit.exported"


def test_an_export_is_on_record_before_the_first_entry_is_read(story: World) -> None:
    """Whoever asks for an export and then reads nothing has asked all the same."""
    review.export(story.store, "default", TESTER, Filters())
    assert story.said()[-1] == "audit.exported"


def test_an_export_can_be_narrowed(story: World) -> None:
    """The filters are those of a page."""
    filters = Filters.parse({"order_number": "aaaaaaaaa1", "purpose": "marketing"})
    exported = list(review.export(story.store, "default", TESTER, filters))
    assert actions(exported) == ["contact.refused"]


def test_an_export_reads_in_pieces(story: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small the pieces, nothing is lost or doubled at their edges."""
    whole = list(review.export(story.store, "default", TESTER, Filters()))
    for size in (1, 2, 3, len(whole) + 1):
        monkeypatch.setattr(review, "_CHUNK", size)
        again = list(
            review.export(story.store, "default", TESTER, Filters(until=NOON + timedelta(days=1)))
        )
        assert again[: len(whole)] == whole


def test_logs_of_several_periods_read_as_one(story: World) -> None:
    """When the log has rolled over to a new one, pages and filters go on through the older."""
    story.clock.forward(days=60)
    story.take_in(an_order("aaaaaaaaa3"))
    whole = shown(story)
    assert {entry["action"] for entry in whole} >= {"log.opened", "order.stored"}
    first, *_ = whole
    assert first["action"] == "order.stored"
    stored = shown(story, action="order.stored")
    assert len(stored) == 3
    page = review.entries(
        story.store, "default", TESTER, Filters.parse({"action": "order.stored"}), None, 2
    )
    rest = review.entries(
        story.store,
        "default",
        TESTER,
        Filters.parse({"action": "order.stored"}),
        page.next_cursor,
        2,
    )
    assert [entry["id"] for entry in page.entries + rest.entries] == [it["id"] for it in stored]
    exported = review.export(
        story.store, "default", TESTER, Filters.parse({"action": "order.stored"})
    )
    assert [entry["id"] for entry in exported] == [entry["id"] for entry in stored][::-1]


def test_entries_show_what_the_outward_surface_names(story: World) -> None:
    """The members of an entry, in their order, with the reasons and fields of the decision."""
    refused = shown(story, reason="purpose_marketing")[0]
    assert [name for name in refused if name != "detail"] == [
        *("index", "id", "time", "merchant", "actor", "action", "outcome", "purpose", "reasons"),
        *("policy", "subject", "carrier", "fields", "request_id", "salt"),
    ]
    assert refused["purpose"] == Purpose.MARKETING
    assert refused["fields"] == ["name", "phone", "email"]
    assert refused["actor"]["role"] == Role.CARRIER
