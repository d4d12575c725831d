"""No other site can make a signed-in browser do anything."""

import re
from collections.abc import Callable
from itertools import product

import pytest

from gateway.console import routes
from gateway.console.page import Anyone
from gateway.model.account import Office
from tests.console.conftest import Reader

_CODE = re.compile("[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}")


@pytest.mark.parametrize("office", list(Office))
def test_a_form_without_its_token_does_nothing(
    a_reader: Callable[[], Reader], office: Office
) -> None:
    """Neither without, nor with an invented one, nor with an empty one: every form there is."""
    reader = a_reader()
    reader.sign_in(office)
    forms = [page for page in routes.pages() if page.method == "POST"]
    assert forms
    for page, token in product(forms, ("", "0" * 64, "ä")):
        path = "/console" + re.sub("<[a-z_]+>", "x", page.path)
        barred = not isinstance(page.access, Anyone) and office not in page.access
        answer = reader.post(path, form_token=token)
        assert answer.status_code == (403 if barred else 400), (page.path, token)


def test_the_token_of_another_browser_does_not_fit(reviewer: Reader, operator: Reader) -> None:
    """Whoever has an account of their own cannot write forms for others."""
    reviewer.get("/console/account")
    operator.get("/console/account")
    answer = operator.post("/console/account/codes", form_token=reviewer.form_token)
    assert answer.status_code == 400


def test_a_form_from_another_site_does_nothing(reviewer: Reader) -> None:
    """Even with a token that somehow leaked: the browser says where a form was sent from."""
    reviewer.get("/console/account")
    data = {"form_token": reviewer.form_token}
    for origin in ("https://evil.example", "null", "http://localhost:9999", "http://localhost"):
        answer = reviewer.client.post(
            "/console/account/codes",
            data=data,
            headers={"Origin": origin},
            base_url="http://localhost:8080",
        )
        assert answer.status_code == 400, origin


def test_a_good_form_is_taken(reviewer: Reader) -> None:
    """With the token of its own page, from its own origin."""
    reviewer.get("/console/account")
    answer = reviewer.client.post(
        "/console/account/codes",
        data={"form_token": reviewer.form_token},
        headers={"Origin": "http://localhost:8080"},
        base_url="http://localhost:8080",
    )
    assert answer.status_code == 200


def test_what_is_sent_too_long_is_not_read(reviewer: Reader) -> None:
    """A form is short; nobody fills the memory with one."""
    reviewer.get("/console/account")
    answer = reviewer.post("/console/account/password", password="x" * 100_000)
    assert answer.status_code == 413


def test_codes_replace_codes(reviewer: Reader) -> None:
    """They are shown this once."""
    reviewer.get("/console/account")
    shown = set(_CODE.findall(reviewer.post("/console/account/codes").text))
    assert len(shown) == 10
    again = set(_CODE.findall(reviewer.post("/console/account/codes").text))
    assert len(again) == 10
    assert not shown & again
    assert not any(code in reviewer.text("/console/account") for code in shown | again)
