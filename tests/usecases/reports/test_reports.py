"""Reports tell what was recorded, no more and no less, and prove what they rest on."""

import json
from zoneinfo import ZoneInfo

import pytest

from gateway.audit.checkpoint import open_checkpoint
from gateway.audit.encoding import decode_base64
from gateway.audit.merkle import check_consistency
from gateway.audit.note import Verifier
from gateway.errors import Gone, InvalidInput, NotFound
from gateway.model.account import Office
from gateway.usecases import clients, forget
from gateway.usecases.people import accounts
from gateway.usecases.reports import access, breach, buyer, processing
from gateway.usecases.reports.made import Made, as_json
from gateway.usecases.reports.period import Period, quarter_before, quarter_of
from policies.question import Role
from tests.builders import an_order, order_number
from tests.usecases.reports.story import Story
from tests.world import NOON, TESTER

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = Period.of_days("2026-11-23", "2026-11-24", BERLIN)


def checked(made: Made[object]) -> None:
    """The report's checkpoint is signed, and covers the entry that put the report on record."""
    log = Verifier.parse(made.basis.vkey)
    signed = open_checkpoint(made.basis.checkpoint.encode(), log)
    assert (signed.origin, signed.size) == (made.basis.origin, made.basis.size)
    assert made.basis.log_index < signed.size


def test_a_buyer_learns_the_actual_recipients(story: Story) -> None:
    """By name, when, which fields and what for; and the report is on record under the subject."""
    made = buyer.recipients(
        story.world.store, story.world.settings.deadlines, "default", TESTER, [order_number(1)]
    )
    checked(made)
    [order] = made.content.orders
    assert [(it.carrier_name, it.fields, it.purpose) for it in order.disclosures] == [
        ("Dachser", ("name", "phone", "email"), "delivery-appointment"),
        ("Dachser", ("phone",), "delivery-appointment"),
    ]
    last = story.world.log()[-1]
    assert (last.id, last.action) == (made.basis.entry_id, "subject.reported")
    assert last.subject == story.world.kept(order_number(1)).subject


def test_several_orders_of_a_buyer_make_one_report(story: Story) -> None:
    """Each order once, in the order that was asked."""
    numbers = [order_number(2), order_number(1), order_number(2)]
    deadlines = story.world.settings.deadlines
    made = buyer.recipients(story.world.store, deadlines, "default", TESTER, numbers)
    assert [it.order_number for it in made.content.orders] == numbers[:2]


def test_whom_to_tell_is_one_line_a_recipient(story: Story) -> None:
    """With all fields that it ever received, first and last."""
    numbers = [order_number(1), order_number(2), order_number(3)]
    deadlines = story.world.settings.deadlines
    made = buyer.notification(story.world.store, deadlines, "default", TESTER, numbers)
    checked(made)
    dachser, rhenus = made.content.recipients
    assert (dachser.carrier_name, dachser.releases, dachser.order_numbers) == (
        "Dachser",
        3,
        (order_number(1), order_number(2)),
    )
    assert dachser.fields == ("name", "phone", "email")
    assert dachser.first_at < dachser.last_at
    assert (rhenus.carrier_name, rhenus.releases) == ("Rhenus", 1)


def test_nobody_reports_on_an_erased_buyer(story: Story) -> None:
    """And an order that never was is another matter."""
    world = story.world
    forget.erase(world.store, "default", TESTER, order_number(1), "by letter")
    with pytest.raises(Gone):
        buyer.recipients(
            world.store, world.settings.deadlines, "default", TESTER, [order_number(1)]
        )
    with pytest.raises(NotFound):
        buyer.recipients(world.store, world.settings.deadlines, "default", TESTER, ["x"])
    with pytest.raises(InvalidInput):
        buyer.recipients(world.store, world.settings.deadlines, "default", TESTER, [])


def test_the_record_of_processing_says_what_is_configured(story: Story) -> None:
    """Current carriers alone, with the terms that count for this merchant."""
    made = processing.processing(story.world.services, "default", TESTER)
    checked(made)
    content = made.content
    assert [it.carrier_id for it in content.recipients] == ["dachser", "rhenus"]
    assert content.purposes == ("delivery-appointment",)
    assert (content.erased_after_delivery_days, content.erased_latest_days) == (30, 90)
    assert content.policy == story.world.services.engine.version


def test_the_scope_of_a_breach_is_exact(story: Story) -> None:
    """Four releases of three buyers; each recipient, each field, first and last."""
    made = breach.breach(story.world.services, "default", TESTER, DAYS, None, None)
    checked(made)
    content = made.content
    assert (content.subjects, content.releases, content.refusals) == (3, 4, 1)
    assert content.fields == {"name": 3, "phone": 4, "email": 3}
    assert [(it.carrier_name, it.actor, it.releases) for it in content.received] == [
        ("Dachser", story.dachser.client_id, 3),
        ("Rhenus", story.rhenus.client_id, 1),
    ]
    released = [it for it in story.world.log() if it.action == "contact.released"]
    assert (content.first_at, content.last_at) == (released[0].time, released[-1].time)


def test_the_scope_is_cut_to_carrier_client_and_period(story: Story) -> None:
    """One carrier, one client, one day; and nothing at all where nothing was."""
    services = story.world.services
    by_carrier = breach.breach(services, "default", TESTER, DAYS, "rhenus", None).content
    assert (by_carrier.subjects, by_carrier.releases) == (1, 1)
    client = story.dachser.client_id
    by_client = breach.breach(services, "default", TESTER, DAYS, None, client).content
    assert (by_client.subjects, by_client.releases, by_client.refusals) == (2, 3, 1)
    early = Period.of_days("2026-11-22", "2026-11-23", BERLIN)
    first = breach.breach(services, "default", TESTER, early, None, None).content
    assert (first.subjects, first.releases) == (1, 1)
    before = Period.of_days("2026-11-14", "2026-11-14", BERLIN)
    nothing = breach.breach(services, "default", TESTER, before, None, None).content
    assert (nothing.subjects, nothing.releases, nothing.continuity) == (0, 0, ())


def test_the_scope_proves_that_the_log_only_grew(story: Story) -> None:
    """Anybody can check the proof from the checkpoint before to the one after."""
    late = Period.of_days("2026-11-24", "2026-11-24", BERLIN)
    made = breach.breach(story.world.services, "default", TESTER, late, None, None)
    [proof] = made.content.continuity
    log = Verifier.parse(made.basis.vkey)
    assert proof.before is not None
    old = open_checkpoint(proof.before.encode(), log)
    new = open_checkpoint(proof.after.encode(), log)
    assert old.size <= proof.first <= proof.last < new.size
    check_consistency(
        old_size=old.size,
        new_size=new.size,
        old_root=old.root,
        new_root=new.root,
        proof=[decode_base64(it) for it in proof.proof],
    )


def test_a_scope_over_two_logs_counts_a_buyer_once(story: Story) -> None:
    """The quarter turned; the same buyer's contact was released again."""
    world = story.world
    world.clock.forward(days=39)
    world.take_in(an_order(order_number(9)))
    world.assign(order_number(9))
    world.ask(story.dachser, order_number(9))
    world.ask(story.dachser, order_number(1))
    both = Period.of_days("2026-11-22", world.clock().date().isoformat(), BERLIN)
    content = breach.breach(world.services, "default", TESTER, both, None, None).content
    assert (content.subjects, content.releases) == (4, 6)
    assert len(content.continuity) == 2
    assert content.first_at is not None
    assert content.first_at.year < content.received[0].last_at.year


def test_the_access_review_tells_who_could_and_who_did(story: Story) -> None:
    """Whoever could and did not is there as well; whoever came later is not."""
    world = story.world
    accounts.create(world.store, "default", "idle@example.org", Office.OPERATOR)
    idle = clients.create(world.store, "default", Role.SHOP, None, "Old shop", None, None)[0]
    made = access.access(world.services, "default", TESTER, "2026q4")
    checked(made)
    content = made.content
    assert {it.name: it.did.actions for it in content.people} == {"idle@example.org": {}}
    did = {it.client_id: it.did for it in content.clients}
    assert did[idle.client_id].last_day is None
    assert did[story.dachser.client_id].actions == {"contact.released": 3, "contact.refused": 1}
    went = {it.carrier_id: it.did.actions for it in content.carriers}
    assert went == {
        "dachser": {"contact.released": 3, "contact.refused": 1},
        "hellmann": {},
        "rhenus": {"contact.released": 1},
    }
    assert ("operator", TESTER.id) in {(it.role, it.actor) for it in content.others}
    before = access.access(world.services, "default", TESTER, "2026q3").content
    assert (before.people, before.clients) == ((), ())


def test_every_report_is_an_entry_with_what_it_covers(story: Story) -> None:
    """Which report, from when to when, about whom; never an order number."""
    breach.breach(story.world.services, "default", TESTER, DAYS, "dachser", None)
    last = story.world.log()[-1]
    assert (last.action, last.actor) == ("report.made", TESTER)
    assert last.detail == {
        "report": "breach",
        "carrier": "dachser",
        "from": DAYS.since.isoformat(),
        "to": DAYS.until.isoformat(),
    }


def test_a_report_is_plain_json(story: Story) -> None:
    """Members in snake_case, times in RFC 3339; everything of it survives."""
    made = breach.breach(story.world.services, "default", TESTER, DAYS, None, None)
    told = json.loads(json.dumps(as_json(made)))
    assert told["report"] == "breach"
    assert told["content"]["period"] == {
        "since": "2026-11-22T23:00:00Z",
        "until": "2026-11-24T23:00:00Z",
    }
    assert told["basis"]["checkpoint"].startswith(told["basis"]["origin"])


@pytest.mark.parametrize("text", ["2026q5", "2026", "0000q1", "2026Q1", "2026q1\n"])
def test_a_quarter_has_a_name(text: str) -> None:
    """Anything else is refused by the field."""
    with pytest.raises(InvalidInput, match="quarter"):
        Period.of_quarter(text, NOON.tzinfo)


def test_quarters_follow_each_other() -> None:
    """From the first of a month to the first of the third after it, the year through."""
    utc = NOON.tzinfo
    assert utc is not None
    name = quarter_of(NOON, utc)
    for _ in range(8):
        assert Period.of_quarter(quarter_before(name), utc).until == (
            Period.of_quarter(name, utc).since
        )
        name = quarter_before(name)
    assert name == "2024q4"


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [("", "2026-11-23", "from"), ("2026-11-23", "x", "to"), ("2026-11-23", "2026-11-22", "to")],
)
def test_days_that_do_not_fit_are_named(first: str, last: str, field: str) -> None:
    """Not a day, or the wrong way round."""
    with pytest.raises(InvalidInput, match=field):
        Period.of_days(first, last, NOON.tzinfo)
