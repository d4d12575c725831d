"""The first page tells how things stand, in numbers, and nothing of anybody."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from gateway.console import chart
from gateway.model.account import Office
from gateway.storage import verifications
from gateway.storage.tables import entries
from gateway.storage.verifications import Result
from gateway.usecases.log.sequence import integrate_waiting
from gateway.usecases.log.verified import verify_and_keep
from gateway.usecases.log.witnessed import Quorum
from gateway.usecases.reviewing.overview import Day
from gateway.usecases.services import Services
from policies.verdict import ReasonCode
from tests.conftest import Clock
from tests.console.conftest import Reader, words
from tests.console.story import Story

DAYS = st.lists(
    st.builds(
        lambda released, refused: Day(day=739_000, released=released, refused=refused),
        st.integers(0, 10**6),
        st.dictionaries(st.sampled_from(ReasonCode), st.integers(1, 10**6)),
    ),
    min_size=30,
    max_size=30,
)


def test_the_overview_counts_what_was_decided(story: Story, reviewer: Reader) -> None:
    """Released and refused in the last 30 days, by the weightiest reason, whether counted yet or not."""
    for count in (lambda: None, story.counted):
        count()
        page = reviewer.get("/console/")
        assert "1 Kontakte herausgegeben, 3 Anfragen abgelehnt" in words(page)
        table = page.text.partition("<tbody>")[2].partition("</tbody>")[0]
        today = re.findall(r">(\d+)<", table.partition("</tr>")[0])
        assert today == ["1", "2", "1", "0"]
        assert "Mindestzahlen" not in words(page)


def test_what_is_older_than_thirty_days_is_not_counted(
    story: Story, operator: Reader, clock: Clock
) -> None:
    """Nor drawn."""
    story.counted()
    clock.advance(days=30)
    reader = operator
    reader.sign_in(Office.OPERATOR, name="later")
    page = reader.get("/console/")
    assert "0 Kontakte herausgegeben, 0 Anfragen abgelehnt" in words(page)
    assert "<rect" not in page.text


def test_deletions_are_told_beforehand_and_overdue_ones_loudly(
    story: Story, services: Services, reviewer: Reader, clock: Clock
) -> None:
    """Two orders keep a contact until 90 days after they came in."""
    assert "ist kein Kontakt zu löschen" in reviewer.text("/console/")
    for forward, said in ((87, "in den nächsten sieben Tagen gelöscht"), (4, "2 Kontakte sind")):
        clock.advance(days=forward)
        reviewer.sign_in(Office.REVIEWER, name=f"later-{forward}")
        assert said in reviewer.text("/console/")


def test_a_log_that_was_set_back_wants_attention(
    story: Story, services: Services, reviewer: Reader
) -> None:
    """The copy beside the database says so."""
    integrate_waiting(services.store)
    assert "stimmt überein" in reviewer.text("/console/")
    for file in (services.settings.data / "held").glob("*.checkpoint"):
        file.write_bytes(file.read_bytes().replace(b"\n", b"\nx", 1))
    assert "gateway audit verify" in reviewer.text("/console/")


def test_the_overview_tells_when_the_log_was_verified(story: Story, reviewer: Reader) -> None:
    """Never yet; up to which entry; or that it failed, where, and word for word why."""
    store, clock = story.services.store, story.services.store.clock
    assert "Vollständig geprüftnoch nie" in reviewer.text("/console/")

    def verified() -> str:
        verify_and_keep(store, "default", (), lambda *_: None, Quorum(), 12)
        return reviewer.text("/console/")

    page = verified()
    with store.read() as connection:
        [kept] = verifications.latest(connection, "default")
    assert (kept.outcome, kept.verified_at) == (Result.VERIFIED, clock())
    assert f"Alle {kept.size} Einträge bis dahin sind unverändert" in page
    assert "hielt der Prüfung" not in page

    with store.change() as connection:
        edit = update(entries).where(entries.c.log == 1, entries.c.index == 3)
        connection.execute(edit.values(leaf=b"{}"))
    page = verified()
    assert "Der erste falsche Eintrag hat die Nummer 3." in page
    assert "entry 3 is not the one that was signed" in page
    assert "nichts ist überfällig" not in page
    assert "Das Protokoll ist beschädigt" in reviewer.text("/console/log", 500)


def test_an_operator_sees_numbers_without_ways_into_the_log(story: Story, operator: Reader) -> None:
    """Whoever operates does not read the log."""
    story.counted()
    page = operator.get("/console/").text
    assert "/console/log" not in page
    assert "/console/hints" not in page


@settings(max_examples=30)
@given(DAYS)
def test_the_picture_shows_every_number_at_its_height(days: list[Day]) -> None:
    """In proportion, inside the frame, releases on the thread and refusals below it."""
    drawn = chart.chart(days)
    unit = (drawn.lines[0].y - drawn.lines[-1].y) / (
        drawn.lines[0].number + drawn.lines[-1].number
        if drawn.lines[0].y > drawn.axis
        else drawn.lines[-1].number
    )
    released = [bar for bar in drawn.bars if bar.kind == "released"]
    for bar, day in zip(released, [day for day in days if day.released], strict=True):
        assert bar.y + bar.height >= drawn.axis - 0.2
        assert bar.height == pytest.approx(max(1.5, day.released * unit), abs=0.2)
    assert all(0 <= bar.x <= chart.WIDTH and bar.width > 0 for bar in drawn.bars)
    assert all(bar.y >= 0 and bar.y + bar.height <= chart.HEIGHT for bar in drawn.bars)
    assert len(drawn.lines) <= 11


def test_every_reason_is_of_one_family() -> None:
    """What for, for whom, or which order."""
    assert {chart.Family.of(code) for code in ReasonCode} == set(chart.Family)
    assert chart.Family.of("recipient_not_registered") is chart.Family.RECIPIENT
    assert chart.Family.of("window_closed") is chart.Family.ORDER
