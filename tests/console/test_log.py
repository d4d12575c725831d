"""The log as people read it: sentences, search, the way out, and that looking leaves a trace."""

import csv
import gc
import io
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from markupsafe import Markup

from gateway.audit.entry import Action, Entry, Outcome
from gateway.audit.proof import Verified, verify_receipt
from gateway.audit.receipt import Receipt
from gateway.console.words import shipped
from gateway.model.account import Office
from gateway.storage import entries
from gateway.storage.store import Transaction
from gateway.storage.tallies import BLOCK
from gateway.usecases import forget
from gateway.usecases.actors import OPERATOR
from gateway.usecases.services import Services
from policies.question import Purpose
from policies.verdict import ReasonCode
from tests.conftest import Clock, a_carrier
from tests.console.conftest import Reader, words
from tests.console.story import HOSTILE, Story


def sentences(page: str) -> list[str]:
    """What a page of the log tells, newest first."""
    table = page.partition('<table class="thread">')[2].partition("</table>")[0]
    cells = re.findall(r"<td>(.*?)</td>", table, re.DOTALL)
    return [str(Markup(cell).striptags()) for cell in cells]


def on_record(services: Services) -> list[Entry]:
    """All that the log holds, oldest first."""
    with services.store.read() as connection:
        return [
            Entry.parse(found.leaf)
            for stretch in reversed(entries.stretches(connection, "default", None, None))
            for found in entries.every(connection, stretch, entries.Sought())
        ]


def entry_of(services: Services, action: Action) -> Entry:
    """The first entry of an action."""
    return next(entry for entry in on_record(services) if entry.action is action)


def test_every_fact_of_an_entry_has_its_words() -> None:
    """An entry that could not be told would keep the page from opening."""
    wanted = [f"sentence.{it}" for it in Action] + [f"action.{it}" for it in Action]
    wanted += [f"reason.{it}" for it in ReasonCode] + [f"outcome.{it}" for it in Outcome]
    wanted += [f"{kind}.{it}" for kind in ("purpose", "for") for it in Purpose]
    assert set(wanted) <= shipped().keys()


def test_a_row_is_one_plain_sentence(story: Story, reviewer: Reader) -> None:
    """In German, and in English beside it; the youngest on top."""
    told = sentences(reviewer.get("/console/log").text)
    name = f"Dachser {HOSTILE}"
    assert (
        "Dachser erhielt Name, Telefon und E-Mail zu Auftrag t000000001 für die Terminabsprache."
        in told
    )
    assert (
        f"Abgelehnt: Anfrage von {name} für Werbung, Auftrag t000000002. Grund: Zweck ist Werbung."
        in told
    )
    reviewer.post("/console/language", language="en")
    told = sentences(reviewer.get("/console/log").text)
    assert (
        "Dachser received name, phone and email of order t000000001 for the delivery appointment."
        not in told
    )
    assert (
        "Dachser received name, phone and e-mail of order t000000001 for the delivery appointment."
        in told
    )


def test_names_are_names_whatever_they_hold(story: Story, reviewer: Reader) -> None:
    """A client's and a carrier's name are never markup, on the list, on an entry, in a chip."""
    story.carriers(a_carrier("dachser", name=HOSTILE), a_carrier("rhenus"))
    story.ask("t000000001")
    released = entry_of(story.services, Action.CONTACT_RELEASED)
    for path in ("/console/log", f"/console/log/{released.id}", "/console/log?carrier=dachser"):
        page = reviewer.get(path)
        assert "<script>" not in page.text
        assert "<script>alert(1)" in words(page) or "&lt;script" in page.text
    for query in ("actor=%3Cscript%3E", "order=%22%3E%3Cscript%3E", "from=%22%3E%3Cscript%3E"):
        assert "<script>" not in reviewer.get(f"/console/log?{query}").text


SEARCHES = {
    "outcome=refused": 3,
    "outcome=refused&not_reason=purpose_marketing": 1,
    "reason=purpose_marketing&purpose=newsletter": 1,
    "purpose=newsletter&purpose=marketing": 2,
    "carrier=dachser&outcome=permitted": 1,
    "outcome=refused&not_carrier=dachser": 1,
    "action=contact.released&field=email": 1,
    "order=t000000001&not_action=audit.viewed": 3,
    "order=t000000002&outcome=refused": 3,
    "order=nowhere": 0,
    "outcome=permitted&from=2026-11-23&to=2026-11-23": 1,
    "outcome=permitted&to=2026-11-22": 0,
    "outcome=permitted&from=2026-11-24": 0,
    "outcome=nonsense": 0,
}
"""Addresses, each with how many entries it finds in the story."""


def test_an_address_holds_the_search(story: Story, reviewer: Reader) -> None:
    """Any value of a facet, none of those left out, a period, an order; counted yet or not."""
    for count in (lambda: None, story.counted):
        count()
        for query, expected in SEARCHES.items():
            page = reviewer.get(f"/console/log?{query}")
            assert len(sentences(page.text)) == expected, query
            assert f"{expected} Eintr" in words(page), query


def test_a_facet_says_how_many_there_are(story: Story, reviewer: Reader) -> None:
    """As if it were left open itself, while the others hold; its link adds to the search."""
    story.counted()
    page = reviewer.get("/console/log?outcome=refused").text
    aside = page.partition("<aside")[2]
    counts = dict(
        re.findall(r'<a href="([^"]*)"[^>]*>[^<]*</a>\s*<span class="number soft">(\d+)', aside)
    )
    assert counts["/console/log?outcome=refused&amp;outcome=permitted"] == "1"
    assert counts["/console/log"] == "3"
    assert counts["/console/log?outcome=refused&amp;reason=purpose_marketing"] == "2"
    assert '"/console/log?outcome=refused&amp;not_reason=purpose_marketing"' in aside


def test_pages_follow_each_other_without_gap(
    story: Story, services: Services, a_reader: Callable[[], Reader], clock: Clock
) -> None:
    """Each entry once, whatever is added meanwhile."""
    for at in range(60):
        story.order(f"t{at:09d}", "rhenus")
        clock.advance(minutes=1)
    story.counted()
    reviewer = a_reader()
    reviewer.sign_in(Office.REVIEWER)
    path: str | None = "/console/log?action=order.assigned"
    ids: list[str] = []
    pages = 0
    while path:
        page = reviewer.get(path).text
        ids += re.findall(r'href="/console/log/([0-9a-f]{32})"', page)
        following = re.search(r'href="([^"]*)" rel="next"', page)
        path = str(Markup(following[1]).unescape()) if following else None
        story.order(f"u{pages:09d}", "rhenus")
        pages += 1
    wanted = [it.id for it in on_record(services) if it.action is Action.ORDER_ASSIGNED]
    assert pages == 2
    assert ids == wanted[: len(ids)][::-1]
    assert len(ids) == len(wanted) - pages


@pytest.mark.parametrize("query", ["from=yesterday", "to=2026-13-01", "from=20261123"])
def test_a_day_that_is_none_is_named(story: Story, reviewer: Reader, query: str) -> None:
    """And nothing is shown as if it had been understood."""
    page = reviewer.get(f"/console/log?{query}")
    assert page.status_code == 422
    assert "Bitte als Datum" in words(page)
    assert sentences(page.text) == []


def test_every_look_is_on_record_before(story: Story, services: Services, reviewer: Reader) -> None:
    """Who looked, by what they sought, never for whom they sought."""
    before = len(on_record(services))
    reviewer.get("/console/log?order=t000000001&not_outcome=refused")
    released = entry_of(services, Action.CONTACT_RELEASED)
    reviewer.get(f"/console/log/{released.id}")
    looked, opened = on_record(services)[before:]
    assert (looked.action, looked.detail) == (
        Action.AUDIT_VIEWED,
        {"filters": "order_number,not_outcome"},
    )
    assert (opened.action, opened.detail) == (Action.AUDIT_VIEWED, {"entry": released.id})
    assert opened.subject == looked.subject == released.subject
    assert looked.actor.role == "reviewer"


def test_an_order_that_is_forgotten_leads_nowhere(
    story: Story, services: Services, reviewer: Reader
) -> None:
    """Its entries stay, under a pseudonym that nobody can lead back."""
    forget.erase(services.store, "default", OPERATOR, "t000000001", "request", None)
    page = reviewer.get("/console/log?order=t000000001")
    assert sentences(page.text) == []
    assert "der Käufer ist gelöscht" in words(page)
    told = sentences(reviewer.get("/console/log?outcome=permitted").text)
    assert "t000000001" not in told[0]
    assert "vergessen" in told[0]


def test_a_refusal_says_why(story: Story, services: Services, reviewer: Reader) -> None:
    """The rule's sentence and source, the rule marked in its file, the version that decided."""
    refused = entry_of(services, Action.CONTACT_REFUSED)
    page = reviewer.get(f"/console/log/{refused.id}")
    assert "<mark>Der Kontakt eines Käufers wird nie für Marketing genutzt" in page.text
    assert "<mark>@id(&#34;no-marketing&#34;)" in page.text
    assert "§ 7 Abs. 2 UWG; Art. 5 Abs. 1 Buchst. b DSGVO" in words(page)
    assert f"Fassung {services.engine.version.removeprefix('sha256:')[:8]}" in words(page)
    assert f"&#34;salt&#34;: &#34;{refused.salt}&#34;" in page.text


def test_a_release_says_by_which_rule(story: Story, services: Services, reviewer: Reader) -> None:
    """There is one way on which a contact goes out."""
    released = entry_of(services, Action.CONTACT_RELEASED)
    page = reviewer.get(f"/console/log/{released.id}")
    assert "<mark>Die registrierte, für den Speditionsauftrag zuständige Spedition" in page.text


def test_an_entry_is_proven_and_its_receipt_kept(
    story: Story, services: Services, reviewer: Reader
) -> None:
    """The steps by name; the receipt verifies with nothing but the key on the page."""
    released = entry_of(services, Action.CONTACT_RELEASED)
    path = f"/console/log/{released.id}"
    reviewer.get(path)
    page = reviewer.post(f"{path}/proof")
    assert "Der Nachweis stimmt." in words(page)
    vkey = re.search(r"<code>(gateway[^<]*)</code>", page.text)
    assert vkey
    answer = reviewer.post(f"{path}/receipt")
    assert "attachment" in answer.headers["Content-Disposition"]
    receipt = Receipt.parse(answer.data)
    key = str(Markup(vkey[1]).unescape())
    assert isinstance(verify_receipt(receipt.leaf, receipt.proof, key), Verified)
    last = on_record(services)[-1]
    assert (last.action, last.detail) == (Action.AUDIT_EXPORTED, {"entry": released.id})


def test_another_merchants_entry_is_not_there(
    story: Story, services: Services, a_reader: Callable[[], Reader]
) -> None:
    """Neither shown, nor proven, nor handed out, nor told apart from none."""
    stranger = a_reader()
    stranger.sign_in(Office.REVIEWER, "other")
    released = entry_of(services, Action.CONTACT_RELEASED)
    stranger.get("/console/account")
    assert stranger.get(f"/console/log/{released.id}").status_code == 404
    for what in ("proof", "receipt"):
        assert stranger.post(f"/console/log/{released.id}/{what}").status_code == 404
    assert "t000000001" not in stranger.text("/console/log")


@pytest.mark.parametrize("counted", [True, False])
def test_exactly_the_sought_entries_are_exported(
    story: Story, services: Services, reviewer: Reader, counted: bool
) -> None:
    """In each format, oldest first; the export is on record."""
    if counted:
        story.counted()
    reviewer.get("/console/log")
    wanted = [it.id for it in on_record(services) if it.outcome is Outcome.REFUSED]
    form = {"search": "outcome=refused"}
    lines = reviewer.post("/console/log/export", format="jsonl", **form).text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == wanted
    table = reviewer.post("/console/log/export", format="csv", **form)
    assert [row["id"] for row in csv.DictReader(io.StringIO(table.text))] == wanted
    events = reviewer.post("/console/log/export", format="ocsf", **form).text.splitlines()
    assert {json.loads(event)["action"] for event in events} == {"Denied"}
    assert "attachment" in table.headers["Content-Disposition"]
    exports = [it for it in on_record(services) if it.action is Action.AUDIT_EXPORTED]
    assert [it.detail for it in exports] == [{"filters": "outcome"}] * 3


def test_an_export_of_any_length_is_written_as_it_is_read(story: Story, reviewer: Reader) -> None:
    """However many entries there are, no more than one block of them is in memory, and no snapshot."""

    def many(tx: Transaction) -> None:
        for _ in range(2 * BLOCK):
            tx.record(OPERATOR, Action.ORDER_STORED, Outcome.DONE)

    def held() -> int:
        gc.collect()
        return sum(isinstance(one, Entry) for one in gc.get_objects())

    story.store.write("default", many)
    reviewer.get("/console/log")
    data = {"form_token": reviewer.form_token, "format": "jsonl"}
    answer = reviewer.client.post(
        "/console/log/export", data=data, base_url="http://localhost:8080", buffered=False
    )
    most, lines = 0, 0
    for lines, _ in enumerate(answer.iter_encoded(), start=1):
        if lines % (BLOCK // 2) == 1:
            most = max(most, held())
            # It could not be, as long as somebody reads an older state.
            assert story.store.database.wipe_journal()
    answer.close()
    assert lines > 2 * BLOCK
    assert BLOCK // 2 < most - held() < BLOCK * 5 // 4


def test_an_export_that_does_not_fit_is_refused(reviewer: Reader) -> None:
    """An unknown format, a day that is none."""
    reviewer.get("/console/log")
    assert reviewer.post("/console/log/export", format="xlsx").status_code == 422
    bad = {"format": "csv", "search": "from=yesterday"}
    assert reviewer.post("/console/log/export", **bad).status_code == 422


def test_a_made_up_cursor_is_refused(reviewer: Reader) -> None:
    """And shows nothing."""
    assert reviewer.get("/console/log?cursor=1;drop").status_code == 422


def test_a_day_begins_where_the_reader_is(
    story: Story, a_reader: Callable[[], Reader], clock: Clock
) -> None:
    """Half past eleven at night in UTC is tomorrow in Berlin."""
    clock.time = datetime.fromisoformat("2026-11-24T23:30:00+00:00")
    story.ask("t000000001")
    clock.time += timedelta(hours=2)
    reviewer = a_reader()
    reviewer.sign_in(Office.REVIEWER)
    found = sentences(reviewer.get("/console/log?outcome=permitted&from=2026-11-25").text)
    assert len(found) == 1
