"""Errors: one form for all of them, and an internal one says nothing about data."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from gateway.api import logs
from gateway.usecases.release import Release
from tests.api.conftest import Api
from tests.builders import an_order

CANARY = "canary-erika@example.org"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the service logs during a test."""
    stream = io.StringIO()
    logs.configure(stream)
    yield stream
    structlog.reset_defaults()


def test_every_problem_has_the_members_of_rfc_9457(api: Api) -> None:
    """With the id of the request, the same as in the header."""
    for answer in (
        api.get("/nothing"),
        api("DELETE", "/v1/policy"),
        api.get("/v1/policy"),
        api.get("/v1/policy", "shop"),
        api.get("/v1/orders/none", "merchant"),
        api.post("/v1/releases", "dachser", data=b"{"),
        api.post("/v1/releases", "dachser", json={}),
        api.release(number="none"),
        api.orders({}),
    ):
        told = answer.get_json()
        assert answer.content_type == "application/problem+json"
        assert told["status"] == answer.status_code
        assert told["request_id"] == answer.headers["X-Request-Id"]
        assert told["type"].startswith("/docs#")
        assert told["title"]
        assert told["detail"]
        assert ("errors" in told) == (answer.status_code == 422)


def test_a_request_id_from_outside_is_not_taken_over(api: Api) -> None:
    """It stands in the audit log: only the service itself gives it."""
    answer = api.get("/healthz", headers={"X-Request-Id": "a" * 32})
    assert answer.headers["X-Request-Id"] != "a" * 32


def test_an_internal_error_says_nothing_of_what_it_failed_on(
    api: Api, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    """The answer tells the request's id alone; the log the type and the place, not the message."""

    def fail(*_: object) -> None:
        raise RuntimeError(f"cannot dial {CANARY}") from ValueError(CANARY)

    monkeypatch.setattr(Release, "__call__", fail)
    answer = api.release()
    assert answer.status_code == 500
    told = answer.get_json()
    assert (told["title"], told["detail"]) == (
        "Internal error",
        "something failed inside the service",
    )
    assert told.keys() == {"type", "title", "status", "detail", "request_id"}
    assert CANARY not in answer.text
    [line] = [json.loads(one) for one in log.getvalue().splitlines() if '"fault"' in one]
    assert CANARY not in log.getvalue()
    assert line["request_id"] == told["request_id"]
    assert line["fault"] == ["builtins.RuntimeError", "builtins.ValueError"]
    assert line["at"][-1].endswith(
        "test_an_internal_error_says_nothing_of_what_it_failed_on.<locals>.fail"
    )


def test_a_request_is_logged_by_its_route_and_client(api: Api, log: io.StringIO) -> None:
    """One line of JSON: no address, no query, no order number, nobody's name."""
    api.assigned()
    api.release()
    api.get("/v1/audit/entries?order_number=bagm62dvgp", "reviewer")
    api.get(f"/{CANARY}?{CANARY}=1", headers={"User-Agent": CANARY, "Referer": CANARY})
    lines = [json.loads(one) for one in log.getvalue().splitlines()]
    released = lines[2]
    assert released["event"] == "request"
    assert (released["method"], released["route"]) == ("POST", "/v1/releases")
    assert (released["status"], len(released["client"])) == (200, 32)
    assert released.keys() == {
        *("event", "level", "time", "request_id", "method", "route", "status", "milliseconds"),
        "client",
    }
    assert [line["route"] for line in lines[2:]] == [
        "/v1/releases",
        "/v1/audit/entries",
        "unmatched",
    ]
    for private in ("bagm62dvgp", CANARY, "Erika", "23125001", *api.tokens.values()):
        assert private not in log.getvalue()


def test_what_does_not_work_is_logged_without_values(
    api: Api, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    """A part that is down is an error in the log, with its name and the cause's type."""
    from gateway.errors import Unavailable

    def fail(*_: object) -> None:
        raise Unavailable("log", "cannot be written") from OSError(CANARY)

    monkeypatch.setattr(Release, "__call__", fail)
    assert api.release().status_code == 503
    [line] = [json.loads(one) for one in log.getvalue().splitlines() if '"unavailable"' in one]
    assert (line["level"], line["parts"]) == ("error", ["log"])
    assert line["fault"] == ["gateway.errors.Unavailable", "builtins.OSError"]
    assert CANARY not in log.getvalue()


@pytest.mark.parametrize("name", ["root.key", "keyring.json"])
def test_a_file_at_fault_is_named_and_not_where_it_is(
    an_api: Callable[..., Api], data: Path, name: str
) -> None:
    """Whoever asks over HTTP learns which part does not work, and nothing of this machine."""
    api = an_api()
    api.orders(an_order())
    api.assigned()
    (data / name).chmod(0o644)
    later = an_api()
    for answer in (later.release(), later.get("/readyz")):
        assert answer.status_code == 503
        assert f"{name} is open to others" in answer.get_data(as_text=True)
        assert str(data.parent) not in answer.get_data(as_text=True)
