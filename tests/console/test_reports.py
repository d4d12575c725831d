"""Reports are shown, printed and handed over as data; what they say is text, whatever it looks like."""

import json
import re

import pytest

from gateway.console import printing
from gateway.console.telling import told
from gateway.console.words import Language, Words, shipped
from gateway.usecases import clients
from gateway.usecases.reports.access import access
from gateway.usecases.services import Services
from policies.question import Role
from tests.console.conftest import Reader, words
from tests.console.story import Story
from tests.world import TESTER

HOSTILE = [
    "<script>alert(1)</script>",
    '#panic("x")',
    '#read("/etc/passwd")',
    "$ x $ *bold* _it_ @ref <label> \\u{41} `raw` // c /* c",
    "= heading",
    "]#eval(sys.inputs.report)[",
]
PAGES = ["breach?from=2026-11-01&to=2026-11-30", "access?quarter=2026q4", "processing"]


@pytest.mark.parametrize("page", PAGES)
def test_a_report_has_three_forms(reviewer: Reader, page: str) -> None:
    """The page, a PDF that says that it is accessible, and data on the same kind of checkpoint."""
    shown = reviewer.get(f"/console/reports/{page}")
    assert shown.status_code == 200
    assert "Worauf dieser Bericht beruht" in words(shown)
    mark = "&" if "?" in page else "?"
    paper = reviewer.get(f"/console/reports/{page}{mark}format=pdf")
    assert (paper.mimetype, paper.data[:5]) == ("application/pdf", b"%PDF-")
    assert b"pdfuaid" in paper.data
    data = reviewer.get(f"/console/reports/{page}{mark}format=json")
    assert data.headers["Content-Disposition"].endswith(".json")
    made = json.loads(data.data)
    assert made["report"] == page.partition("?")[0]
    assert made["basis"]["checkpoint"].startswith(made["basis"]["origin"])


def test_names_are_text_on_every_page_and_paper(reviewer: Reader, services: Services) -> None:
    """Neither the browser nor typst ever takes a name for markup."""
    for name in HOSTILE:
        clients.create(services.store, "default", Role.SHOP, None, name, None, None)
    shown = reviewer.get("/console/reports/access?quarter=2026q4")
    assert "<script>alert" not in shown.text
    for name in HOSTILE:
        assert name in words(shown) or "<" in name
    made = access(services, "default", TESTER, "2026q4")
    zone = services.settings.console.time_zone
    document = told(Words(shipped(), Language.GERMAN, zone), made)
    assert printing.pdf(document, made.made_at.replace(microsecond=123456), "x")
    assert set(HOSTILE) <= {row[0] for row in document.sections[2].table.rows}


def test_a_buyers_report_is_asked_for_by_order_number(reviewer: Reader) -> None:
    """What does not fit is said beside the field; what was entered stays."""
    reviewer.get("/console/reports")
    answer = reviewer.post("/console/reports/recipients", order="none-such")
    assert answer.status_code == 422
    assert "Diesen Auftrag gibt es nicht." in words(answer)
    assert 'value="none-such"' in answer.text
    assert reviewer.post("/console/reports/recipients", order=" ").status_code == 422


@pytest.mark.parametrize("contact", ["Erika@Example.org", "+49 30 23125001"])
def test_a_buyer_is_found_by_what_they_give(story: Story, reviewer: Reader, contact: str) -> None:
    """Both reports tell of all the buyer's orders, in three forms, and repeat neither address nor number."""
    assert story
    reviewer.get("/console/reports")
    for kind in ("recipients", "notification"):
        page = f"/console/reports/{kind}"
        shown = reviewer.post(page, contact=contact)
        assert shown.status_code == 200
        assert all(it in words(shown) for it in ("t000000001", "t000000002", "Dachser"))
        data = reviewer.post(page, contact=contact, format="json")
        assert json.loads(data.data)["report"] == kind
        assert contact.lower() not in (shown.text + data.text).lower()
        assert reviewer.post(page, contact=contact, format="pdf").data[:5] == b"%PDF-"


@pytest.mark.parametrize(
    "query", ["?from=", "?from=x&to=2026-11-30", "?from=2026-11-30&to=2026-11-01"]
)
def test_days_that_do_not_fit_are_explained(reviewer: Reader, query: str) -> None:
    """The form comes back."""
    answer = reviewer.get(f"/console/reports/breach{query}")
    assert answer.status_code == 422
    assert "Ein Tag" in words(answer)


def test_english_is_complete(reviewer: Reader) -> None:
    """Not a word of German in an English report."""
    reviewer.get("/console/reports")
    reviewer.post("/console/language", language="en", next="/console/reports")
    for page in PAGES:
        said = words(reviewer.get(f"/console/reports/{page}"))
        assert not re.search(r"\b(und|der|Einträge|Spedition|Bericht)\b", said), page
