"""Who may open and do what: walked over the real pages, so that none can be forgotten."""

import re
from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from gateway.console import routes
from gateway.console.page import Anyone, Page
from gateway.model.account import Office
from tests.console.conftest import Reader

OPEN = {
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/sign-in/openid"),
    ("GET", "/sign-in/openid/back"),
    ("POST", "/sign-in/passkey"),
    ("POST", "/sign-in/passkey/options"),
    ("GET", "/link/<token>"),
    ("POST", "/link/<token>"),
    ("POST", "/language"),
    ("GET", "/assets/<version>/<name>"),
}
"""What anybody may open; everything else wants somebody who is signed in."""

ONLY: dict[Office, set[tuple[str, str]]] = {
    Office.REVIEWER: {
        ("GET", "/log"),
        ("POST", "/log/export"),
        ("GET", "/log/<entry>"),
        ("POST", "/log/<entry>/proof"),
        ("POST", "/log/<entry>/receipt"),
        ("POST", "/log/searches"),
        ("POST", "/log/searches/remove"),
        ("GET", "/hints"),
        ("POST", "/hints/review"),
        ("GET", "/reports"),
        ("POST", "/reports/recipients"),
        ("POST", "/reports/notification"),
        ("GET", "/reports/breach"),
        ("GET", "/reports/access"),
        ("GET", "/reports/processing"),
    },
    Office.OPERATOR: {
        ("GET", "/messages"),
        ("POST", "/messages/replay"),
        ("POST", "/subjects/erasures"),
        ("POST", "/carriers/clients"),
        ("POST", "/carriers/clients/<client>/rotate"),
        ("POST", "/carriers/clients/<client>/revoke"),
    },
    Office.CARRIER: {
        ("GET", "/deliveries"),
        ("GET", "/deliveries/<order>"),
        ("POST", "/deliveries/<order>/contact"),
        ("POST", "/deliveries/<order>/appointment"),
        ("POST", "/deliveries/<order>/done"),
    },
}
"""What one office alone may open; what is in no list is for all of the merchant's own people."""

CARRIERS_TOO = re.compile("/account(/.*)?|/sign-out")
"""Of what everybody may open, a carrier's dispatcher has the own account."""


def visited(reader: Reader, page: Page) -> TestResponse:
    """What a page says to names that stand for nothing."""
    path = "/console" + re.sub("<[a-z_]+>", "x", page.path)
    return reader.get(path) if page.method == "GET" else reader.post(path)


def test_the_lists_name_pages_that_exist() -> None:
    """A list that speaks of nothing would protect nothing."""
    there = {(page.method, page.path) for page in routes.pages()}
    assert OPEN.union(*ONLY.values()) <= there


def test_only_open_pages_are_declared_open() -> None:
    """A page that was added without sign-in fails here."""
    for page in routes.pages():
        assert isinstance(page.access, Anyone) == ((page.method, page.path) in OPEN), page


def test_a_stranger_is_sent_to_sign_in(reader: Reader) -> None:
    """Nothing behind the door answers to nobody."""
    reader.get("/console/sign-in")
    for page in routes.pages():
        answer = visited(reader, page)
        to_sign_in = answer.headers.get("Location", "").startswith("/console/sign-in")
        inside = (page.method, page.path) not in OPEN
        assert (answer.status_code == 303 and to_sign_in) == inside, page


@pytest.mark.parametrize("office", list(Office))
def test_every_page_is_for_its_offices(a_reader: Callable[[], Reader], office: Office) -> None:
    """Each office is let in where the lists say so, and nowhere else."""
    reader = a_reader()
    reader.sign_in(office)
    for page in routes.pages():
        route = (page.method, page.path)
        if route in OPEN or route == ("POST", "/sign-out"):
            continue
        reader.get("/console/account")
        barred = any(route in only for one, only in ONLY.items() if one is not office)
        if office is Office.CARRIER and route not in ONLY[office]:
            barred = not CARRIERS_TOO.fullmatch(page.path)
        answer = visited(reader, page)
        if barred and route == ("GET", "/"):
            assert answer.headers["Location"] == "/console/deliveries"
        else:
            assert (answer.status_code == 403) == barred, route


@pytest.mark.parametrize("office", list(Office))
def test_the_navigation_leads_to_what_one_may_open(
    a_reader: Callable[[], Reader], office: Office
) -> None:
    """Each area once, in the order of its declaration, and none whose door is shut."""
    reader = a_reader()
    reader.sign_in(office)
    text = reader.get("/console/account").text
    shown = re.search('<ul class="places">(.*?)</ul>', text, re.DOTALL)
    assert shown
    leading = [page for page in routes.pages() if page.leads and page.is_for(office)]
    assert re.findall('href="([^"]*)"', shown[1]) == [f"/console{page.path}" for page in leading]
    assert all(reader.get(f"/console{page.path}").status_code == 200 for page in leading)


def test_every_page_is_in_an_area_that_a_page_leads() -> None:
    """Or in none at all; no place is made up."""
    leading = {page.name for page in routes.pages() if page.leads}
    assert {page.place for page in routes.pages()} <= {"", *leading}


def test_no_page_answers_to_a_method_that_it_does_not_declare(reviewer: Reader) -> None:
    """Beside GET and POST there is nothing, and neither stands in for the other."""
    assert reviewer.client.put("/console/account").status_code == 405
    assert reviewer.client.get("/console/sign-out").status_code == 405
    assert reviewer.client.options("/console/").status_code == 405
