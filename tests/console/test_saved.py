"""Searches are kept for whoever made them."""

import re
from collections.abc import Callable

import pytest
from markupsafe import Markup

from gateway.model.account import Office
from gateway.usecases.reviewing import searches
from tests.console.conftest import Reader, words
from tests.console.story import HOSTILE, Story
from tests.console.test_log import sentences

QUERY = "outcome=refused&not_reason=purpose_marketing&from=2026-11-01"


def saved(reader: Reader) -> list[tuple[str, str]]:
    """Name and address of what is saved, as the log's page has it."""
    page = reader.get("/console/log").text.partition('<section class="saved')[2]
    found = re.findall(
        r'<a class="plain" href="([^"]*)"[^>]*>([^<]*)</a>', page.partition("</section>")[0]
    )
    return [(str(Markup(name).unescape()), str(Markup(it).unescape())) for it, name in found]


def test_a_search_is_kept_and_repeated(story: Story, reviewer: Reader) -> None:
    """Under a name of its reader's; opened, it finds the same; it can be forgotten."""
    reviewer.get(f"/console/log?{QUERY}")
    answer = reviewer.post("/console/log/searches", name=HOSTILE, search=QUERY)
    assert "1 Eintrag" in words(reviewer.follow(answer))
    [(name, address)] = saved(reviewer)
    assert name == HOSTILE
    page = reviewer.get(address).text
    assert len(sentences(page)) == 1
    [search] = re.findall(r'name="search" value="([0-9a-f]{32})"', page)
    assert reviewer.post("/console/log/searches/remove", search=search).status_code == 303
    assert saved(reviewer) == []


def test_nobody_sees_or_forgets_anothers_search(
    story: Story, reviewer: Reader, a_reader: Callable[[], Reader]
) -> None:
    """Even at the same merchant."""
    reviewer.get("/console/log")
    reviewer.post("/console/log/searches", name="mine", search=QUERY)
    [(_, address)] = saved(reviewer)
    [search] = re.findall(r'name="search" value="([0-9a-f]{32})"', reviewer.get(address).text)
    other = a_reader()
    other.sign_in(Office.REVIEWER, name="another")
    assert saved(other) == []
    assert other.post("/console/log/searches/remove", search=search).status_code == 404
    assert len(saved(reviewer)) == 1


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\x00b"])
def test_a_name_that_does_not_fit_is_refused(reviewer: Reader, name: str) -> None:
    """And nothing is kept."""
    reviewer.get("/console/log")
    assert reviewer.post("/console/log/searches", name=name, search=QUERY).status_code == 422
    assert saved(reviewer) == []


def test_an_account_keeps_a_bounded_number(reviewer: Reader) -> None:
    """Nobody fills the table."""
    reviewer.get("/console/log")
    for at in range(searches.MOST + 1):
        answer = reviewer.post("/console/log/searches", name=str(at), search=QUERY)
    assert answer.status_code == 422
    assert len(saved(reviewer)) == searches.MOST
