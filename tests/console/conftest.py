"""A reader of the console, without a browser: follows its pages, and fills in the forms on them."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask import Flask
from markupsafe import Markup
from sqlalchemy import update
from werkzeug.test import TestResponse

from gateway.app import create_app
from gateway.model.account import Account, Office, Way
from gateway.storage.console_tables import sessions
from gateway.usecases.people import accounts
from gateway.usecases.services import Services
from tests.console.story import Story

_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]*)"')
_CSP = {"default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'"}


class Reader:
    """One browser; it holds every reply against what all replies must have."""

    def __init__(self, app: Flask, services: Services) -> None:
        self.services = services
        self.client = app.test_client()
        self.form_token = ""

    def get(self, path: str, **options: Any) -> TestResponse:
        """Open a page."""
        return self._seen(self.client.get(path, **self._options(options)))

    def post(self, path: str, **fields: str) -> TestResponse:
        """Send a form with the token of the page that was opened last."""
        data = {"form_token": self.form_token, **fields}
        return self._seen(self.client.post(path, data=data, **self._options({})))

    def text(self, path: str, status: int = 200) -> str:
        """The words of a page."""
        answer = self.get(path)
        assert answer.status_code == status, answer.text
        return words(answer)

    def follow(self, answer: TestResponse) -> TestResponse:
        """Where a reply leads."""
        assert answer.status_code == 303, answer.text
        return self.get(answer.headers["Location"])

    def sign_in(self, office: Office, merchant: str = "default", name: str = "") -> Account:
        """By a link, as a new account of this office; a carrier's is Dachser's."""
        account = accounts.create(
            self.services.store,
            merchant,
            name or f"{merchant}-{office.value}",
            office,
            "dachser" if office is Office.CARRIER else None,
        )
        self.sign_in_as(account)
        return account

    def sign_in_as(self, account: Account) -> None:
        """By a link, as an account that is there."""
        token = accounts.link(self.services.store, account)
        assert self.get(f"/console/link/{token}").status_code == 200
        assert self.post(f"/console/link/{token}").status_code == 303

    def sign_in_proven(self, account: Account) -> None:
        """As by a passkey of the account."""
        self.sign_in_as(account)
        prove(self.services, account)

    def _options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        return {"base_url": "http://localhost:8080", **options}

    def _seen(self, answer: TestResponse) -> TestResponse:
        policy = {part.strip() for part in answer.headers["Content-Security-Policy"].split(";")}
        assert policy >= _CSP
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert len(answer.headers["X-Request-Id"]) == 32
        if answer.mimetype == "text/html" and answer.status_code != 303:
            assert answer.headers["Cache-Control"] == "no-store"
            assert "<script>" not in answer.text
            assert " style=" not in answer.text
            found = _TOKEN.search(answer.text)
            self.form_token = found[1] if found else self.form_token
        return answer


def prove(services: Services, account: Account) -> None:
    """The account's sessions count as opened by a passkey."""
    with services.store.change() as connection:
        its = sessions.c.account == account.account_id
        connection.execute(update(sessions).where(its).values(way=Way.PASSKEY.value))


def words(answer: TestResponse) -> str:
    """What a page says, without its markup."""
    return str(Markup(answer.text).striptags())


@pytest.fixture
def app(services: Services) -> Flask:
    """The application with API and console."""
    return create_app(services)


@pytest.fixture
def a_reader(app: Flask, services: Services) -> Callable[[], Reader]:
    """Makes browsers, each with cookies of its own."""
    return lambda: Reader(app, services)


@pytest.fixture
def reader(a_reader: Callable[[], Reader]) -> Reader:
    """A browser that nobody signed in with."""
    return a_reader()


@pytest.fixture
def reviewer(a_reader: Callable[[], Reader]) -> Reader:
    """A browser of a reviewer."""
    made = a_reader()
    made.sign_in(Office.REVIEWER)
    return made


@pytest.fixture
def operator(a_reader: Callable[[], Reader]) -> Reader:
    """A browser of an operator."""
    made = a_reader()
    made.sign_in(Office.OPERATOR)
    return made


@pytest.fixture
def story(services: Services) -> Story:
    """A gateway in which two orders came in, one contact went out and one was refused thrice."""
    made = Story(services)
    made.tell()
    return made
