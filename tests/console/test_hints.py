"""What is worth a look is noticed by plain rules, told in one sentence, and reviewed on record."""

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import count, product
from urllib.parse import parse_qsl, urlsplit

import pytest
from markupsafe import Markup

from gateway.audit.entry import Action
from gateway.console.words import Language, shipped
from gateway.model.account import Office
from gateway.storage.hints import HintKind
from gateway.usecases.services import Services
from policies.question import Purpose
from tests.conftest import Clock, a_carrier
from tests.console.conftest import Reader, words
from tests.console.story import Story
from tests.console.test_log import on_record, sentences

_NUMBERS = count()


@pytest.fixture
def plain(services: Services) -> Story:
    """A gateway in which an order came in, for Dachser, who is registered for long."""
    made = Story(services)
    made.carriers(a_carrier("dachser"), a_carrier("rhenus"))
    made.order("t000000001")
    return made


def hints(a_reader: Callable[[], Reader]) -> list[str]:
    """The sentences of the page, as a reviewer of now sees them."""
    return told(looking(a_reader))


def looking(a_reader: Callable[[], Reader]) -> Reader:
    """A reviewer who signs in now: a session does not outlive the days of these tests."""
    reader = a_reader()
    reader.sign_in(Office.REVIEWER, name=f"dpo-{next(_NUMBERS)}")
    return reader


def told(reader: Reader) -> list[str]:
    """The sentences of the page."""
    page = reader.get("/console/hints").text
    found = re.findall(r'<h2 class="told".*?<span>(.*?)</span>', page, re.DOTALL)
    return [str(Markup(text).striptags()) for text in found]


def days(story: Story, clock: Clock, *numbers: int) -> None:
    """So many releases on each of the days from today on; it ends on the last."""
    for at, number in enumerate(numbers):
        if at:
            clock.advance(days=1)
        for _ in range(number):
            story.ask("t000000001")
        story.counted()


def about(found: list[str], part: str) -> list[str]:
    """Those that say this."""
    return [text for text in found if part in text]


def test_a_first_release_is_a_hint_once(
    plain: Story, clock: Clock, a_reader: Callable[[], Reader]
) -> None:
    """The first one ever to a carrier, and no later one."""
    days(plain, clock, 1, 1)
    first = about(hints(a_reader), "zum ersten Mal")
    assert first == ["Dachser erhielt am 23.11.2026 zum ersten Mal einen Kontakt."]


def test_far_more_than_on_the_carriers_own_middle_day_is_a_hint(
    plain: Story, clock: Clock, a_reader: Callable[[], Reader]
) -> None:
    """Three times the median of its earlier days, and at least ten; one less is none."""
    days(plain, clock, 4, 4, 1, 9, 4, 11)
    assert about(hints(a_reader), "üblich sind") == []
    plain.ask("t000000001")
    plain.counted()
    assert about(hints(a_reader), "üblich sind") == [
        "Dachser erhielt am 28.11.2026 12 Kontakte; üblich sind 4 am Tag."
    ]


def test_a_burst_of_refusals_is_a_hint(
    plain: Story, clock: Clock, a_reader: Callable[[], Reader]
) -> None:
    """Ten in a day where none are usual."""
    for number in (9, 1):
        for _ in range(number):
            plain.ask("t000000001", Purpose.MARKETING)
        plain.counted()
        found = about(hints(a_reader), "abgelehnt; was üblich ist")
        clock.advance(seconds=1)
    assert len(found) == 1
    assert "10 Anfragen von Dachser" in found[0]


def test_a_contact_that_is_fetched_often_is_a_hint(
    plain: Story, clock: Clock, a_reader: Callable[[], Reader]
) -> None:
    """Five times within seven days; spread over more days it is none."""
    days(plain, clock, 1, 0, 0, 1, 1, 0, 0, 1, 1)
    assert about(hints(a_reader), "abgerufen") == []
    days(plain, clock, 1)
    [found] = about(hints(a_reader), "abgerufen")
    assert (
        found == "Der Kontakt zu Auftrag t000000001 wurde 5-mal abgerufen, zuletzt am 01.12.2026."
    )


def test_an_hour_that_a_carrier_is_never_seen_in_is_a_hint(
    plain: Story, clock: Clock, a_reader: Callable[[], Reader]
) -> None:
    """After a hundred releases at noon, one at night."""
    for _ in range(100):
        plain.ask("t000000001")
    plain.counted()
    clock.advance(hours=14)
    days(plain, clock, 2)
    [found] = about(hints(a_reader), "ungewöhnlich")
    assert found.startswith("Dachser rief am 24.11.2026 in der Stunde ab 3 Uhr 2 Kontakte ab")


def test_a_registration_that_lapses_soon_is_a_hint(
    plain: Story, clock: Clock, a_reader: Callable[[], Reader]
) -> None:
    """Thirty days before its end, and not earlier."""
    for days_left, expected in ((31, 0), (29, 1)):
        until = clock() + timedelta(days=days_left)
        plain.carriers(a_carrier("dachser", valid_until=until), a_carrier("rhenus"))
        found = about(hints(a_reader), "Die Registrierung von Dachser gilt nur bis")
        assert len(found) == expected
        clock.advance(seconds=1)


def test_every_rule_is_told_in_one_sentence_in_both_languages() -> None:
    """What is worth a look, and why, each without a second sentence."""
    catalogue = shipped()
    for kind in HintKind:
        for key, language in product((f"hint.{kind}", f"because.{kind}"), Language):
            for text in catalogue.forms(key, language).values():
                assert text.endswith("."), key
                assert not re.search(r"[.!?] ", text), key


def test_a_hint_leads_to_the_entries_behind_it(
    plain: Story, clock: Clock, a_reader: Callable[[], Reader]
) -> None:
    """The search shows as many as the sentence says."""
    days(plain, clock, *(1, 1, 1, 1, 1, 12))
    reader = looking(a_reader)
    page = reader.get("/console/hints").text
    article = next(it for it in page.split("<article")[1:] if "üblich sind" in it)
    found = re.search(r'href="(/console/log[^"]*)"', article)
    assert found
    address = str(Markup(found[1]).unescape())
    assert len(sentences(reader.get(address).text)) == 12
    assert dict(parse_qsl(urlsplit(address).query))["carrier"] == "dachser"


def test_a_conclusion_is_taken_down_and_on_record(
    plain: Story, services: Services, clock: Clock, a_reader: Callable[[], Reader]
) -> None:
    """Who found what, when; the hint is open no longer, and stays reviewed when noticed again."""
    days(plain, clock, 1)
    until = clock() + timedelta(days=9)
    plain.carriers(a_carrier("dachser", valid_until=until), a_carrier("rhenus"))
    reader = looking(a_reader)
    assert "2 Hinweise sind offen." in reader.text("/console/")
    keys = re.findall(r'name="hint" value="([^"]*)"', reader.get("/console/hints").text)
    for key in keys:
        answer = reader.post("/console/hints/review", hint=key, conclusion="clarified")
        assert "mit der Spedition geklärt" in words(reader.follow(answer))
    assert "Kein Hinweis ist offen" in reader.text("/console/")
    noted = [it for it in on_record(services) if it.action is Action.HINT_REVIEWED]
    assert [it.detail for it in noted] == [{"hint": key, "conclusion": "clarified"} for key in keys]
    assert {it.carrier for it in noted} == {"dachser"}
    days(plain, clock, 1)
    assert "Kein Hinweis ist offen" in reader.text("/console/")


def test_a_conclusion_that_does_not_fit_changes_nothing(
    plain: Story, services: Services, clock: Clock, a_reader: Callable[[], Reader]
) -> None:
    """Neither for a hint that is none, nor in words of one's own, nor for another merchant's."""
    days(plain, clock, 1)
    reader = looking(a_reader)
    [key] = re.findall(r'name="hint" value="([^"]*)"', reader.get("/console/hints").text)
    assert reader.post("/console/hints/review", hint=key, conclusion="<b>").status_code == 422
    assert reader.post("/console/hints/review", hint="x", conclusion="expected").status_code == 404
    stranger = a_reader()
    stranger.sign_in(Office.REVIEWER, "other")
    assert about(told(stranger), "Dachser") == []
    answer = stranger.post("/console/hints/review", hint=key, conclusion="expected")
    assert answer.status_code == 404
    assert not [it for it in on_record(services) if it.action is Action.HINT_REVIEWED]
