"""What a buyer may ask for: the actual recipients, and to be forgotten for good."""

import pytest
from sqlalchemy import select

from gateway.audit.proof import Verified, verify_receipt
from gateway.audit.verdict import LogReport
from gateway.errors import Gone, InvalidInput, NotFound
from gateway.storage.tables import contact_digests, contacts, orders
from gateway.usecases import forget, retention
from gateway.usecases.forget import Erased, Report
from gateway.usecases.log import publish
from gateway.usecases.log.receipts import receipt
from gateway.usecases.log.verify import verify
from gateway.usecases.reviewing import review
from gateway.usecases.reviewing.review import Filters
from policies.question import Role
from tests.builders import an_order
from tests.world import TESTER, World, codes

NUMBER = "aaaaaaaaa1"


@pytest.fixture
def story(world: World) -> World:
    """An order that dachser asked for twice: all fields, then the phone; and once for marketing."""
    world.take_in(an_order(NUMBER), an_order("aaaaaaaaa2"))
    world.assign(NUMBER)
    world.assign("aaaaaaaaa2")
    carrier = world.client()
    world.ask(carrier, NUMBER)
    world.clock.forward(hours=1)
    world.ask(carrier, NUMBER, fields=["phone"])
    world.ask(carrier, NUMBER, purpose="marketing")
    world.ask(carrier, "aaaaaaaaa2")
    return world


def report(world: World, number: str = NUMBER, merchant: str = "default") -> Report:
    return forget.report(world.store, world.settings.deadlines, merchant, TESTER, number)


def erase(world: World, reason: str = "asked by letter", number: str = NUMBER) -> Erased:
    return forget.erase(world.store, "default", TESTER, number, reason)


def test_the_report_names_the_actual_recipients(story: World) -> None:
    """Each hand-over of this order, with date, purpose and fields; no refusal, no other order."""
    found = report(story)
    assert [
        (it.carrier_name, it.released_at, it.purpose, it.fields) for it in found.disclosures
    ] == [
        ("Dachser", it.time, "delivery-appointment", tuple(it.fields))
        for it in story.log()
        if it.action == "contact.released" and it.subject == story.kept(NUMBER).subject
    ]
    assert [it.fields for it in found.disclosures] == [("name", "phone", "email"), ("phone",)]
    assert found.erased_at is None


def test_the_report_is_on_record(story: World) -> None:
    """It is an entry under the order's name in the log."""
    report(story)
    last = story.log()[-1]
    assert (last.action.value, last.subject) == ("subject.reported", story.kept(NUMBER).subject)


def test_the_report_goes_on_after_the_contact_is_gone(story: World) -> None:
    """Who received it can be told after retention has erased it."""
    retention.run(story.store, story.clock.now + story.settings.deadlines.erase_latest)
    found = report(story)
    assert found.erased_at == story.clock.now
    assert len(found.disclosures) == 2


def test_the_report_reads_older_logs_too(story: World) -> None:
    """A log that has rolled over since still tells its part, in order."""
    story.clock.forward(days=60)
    story.take_in(an_order("aaaaaaaaa3"))
    assert len(report(story).disclosures) == 2


def test_erasure_leaves_no_contact_and_no_name(story: World) -> None:
    """Envelopes, digests, fingerprint, pseudonym and its key are gone; the other order keeps its own."""
    subject = story.kept(NUMBER).subject
    done = erase(story)
    with story.store.read() as connection:
        for table in (contacts, contact_digests):
            left = connection.execute(select(table.c.order_number)).scalars()
            assert set(left) == {"aaaaaaaaa2"}
        row = connection.execute(select(orders).where(orders.c.order_number == NUMBER)).one()
    assert (row.subject, row.subject_key, row.fingerprint) == (None, None, None)
    assert not row.phone_present
    assert row.erased_at == done.erased_at == story.clock.now
    last = story.log()[-1]
    assert (last.action.value, last.subject) == ("subject.erased", subject)
    assert dict(last.detail) == {"reason": "asked by letter"}


def test_erasure_names_who_is_to_be_told(story: World) -> None:
    """The recipients of the contact, for the notice that GDPR 19 asks for."""
    assert {it.carrier_id for it in erase(story).recipients} == {"dachser"}


def test_nothing_comes_back_after_erasure(story: World) -> None:
    """No release, no second report, no second erasure, and a new import restores no contact."""
    carrier = story.client()
    erase(story)
    assert codes(story.ask(carrier, NUMBER)) == ["window_closed", "erased"]
    with pytest.raises(Gone):
        report(story)
    with pytest.raises(Gone):
        erase(story)
    story.take_in(an_order(NUMBER, lastModifiedDate="2026-11-23T11:00:00.000Z"))
    order = story.kept(NUMBER)
    assert order.erased_at is not None
    assert not order.has_freight_contact
    assert order.subject is None


def test_erasure_keeps_when_the_contact_went_first(story: World) -> None:
    """An order whose contact retention erased earlier still has that date."""
    retention.run(story.store, story.clock.now + story.settings.deadlines.erase_latest)
    first = story.kept(NUMBER).erased_at
    story.clock.forward(days=1)
    erase(story)
    assert story.kept(NUMBER).erased_at == first


def test_an_order_that_is_not_there_is_not_found(story: World) -> None:
    """Neither an unknown number nor another merchant's order."""
    story.merchant("other")
    with pytest.raises(NotFound):
        report(story, "unknown")
    with pytest.raises(NotFound):
        report(story, merchant="other")
    with pytest.raises(NotFound):
        erase(story, number="unknown")


REFUSED = [
    *("", "  ", "two\nlines", "x" * 201),
    *("erika@example.org asked", "called from 0171 3920012", "from 0171/39-200-12"),
    *("+49 171 3920012", "ticket 12345", f"order {NUMBER}", f"order {NUMBER.upper()}"),
]
TAKEN = [
    *("asked by letter", "letter of 2026-11-20", "Brief vom 20.11.2026", "ticket A-4711"),
    "Art. 17 (1) a, two requests in 2026",
]


@pytest.mark.parametrize("reason", REFUSED)
def test_a_reason_that_could_tell_of_the_buyer_is_refused(reason: str) -> None:
    """It would stay in the log after everything else of the buyer is gone."""
    with pytest.raises(InvalidInput) as refusal:
        forget.check_reason(reason, NUMBER)
    assert set(refusal.value.errors) == {"reason"}


@pytest.mark.parametrize("reason", TAKEN)
def test_a_reason_in_plain_words_is_taken(reason: str) -> None:
    """Dates and short references are no danger."""
    forget.check_reason(reason, NUMBER)


def test_a_refused_reason_erases_nothing(story: World) -> None:
    """First the reason, then the deed."""
    with pytest.raises(InvalidInput):
        erase(story, "erika@example.org")
    assert codes(story.ask(story.client(Role.CARRIER), NUMBER)) == []


def test_entries_of_an_erased_buyer_show_it_and_their_receipts_hold(story: World) -> None:
    """What was proven before is proven after; no other order's entries say so."""
    named = story.kept(NUMBER).subject
    mine = [entry for entry in story.log() if entry.subject == named]
    before = [receipt(story.store, "default", entry.id, None) for entry in mine]
    erase(story)
    page = review.entries(story.store, "default", TESTER, Filters())
    assert {entry["subject"] for entry in page.entries if entry.get("erased")} == {named}
    assert len([entry for entry in page.entries if entry.get("erased")]) == len(mine) + 1
    vkey = publish.verifier_key(story.store, "default", None)
    after = [receipt(story.store, "default", entry.id, None) for entry in mine]
    for held in (*before, *after):
        assert isinstance(verify_receipt(held.leaf, held.proof, vkey), Verified)
    assert [held.leaf for held in before] == [held.leaf for held in after]
    [verdict] = verify(story.store, "default", [])
    assert isinstance(verdict.outcome, LogReport)
