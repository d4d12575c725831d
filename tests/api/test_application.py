"""The steps around a handler, seen through endpoints made for it."""

from collections.abc import Callable
from typing import Any

import pytest
import structlog
from flask import Flask
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from gateway.api import application, problems
from gateway.api.endpoint import (
    EVERY_ROLE,
    Answer,
    Call,
    Endpoint,
    Handler,
    Open,
    Page,
    Repeats,
    endpoint,
)
from gateway.api.problems import Problem
from gateway.api.shapes import Shape, text
from gateway.usecases.services import Services
from tests.conftest import Template

_OPEN = Open("this is a test")


class SaidShape(Shape):
    """What a handler says."""

    said = text()


def declared(handler: Handler, method: str = "GET", **declaration: Any) -> Endpoint:
    """An endpoint at /x."""
    defaults = {"access": _OPEN, "summary": "Test", "answers": {200: SaidShape}}
    return endpoint(method, "/x", **(defaults | declaration))(handler)


@pytest.fixture
def answered(services: Services, template: Template) -> Callable[..., TestResponse]:
    """Calls the only endpoint of an application, as the merchant."""

    def call(only: Endpoint, **options: Any) -> TestResponse:
        app: Flask = application.build(services, [only], structlog.get_logger())
        headers = {"Authorization": f"Bearer {template.tokens['merchant']}"}
        headers |= options.pop("headers", {})
        return app.test_client().open("/x", method=only.method, headers=headers, **options)

    return call


def test_only_what_is_declared_goes_out(answered: Callable[..., TestResponse]) -> None:
    """A member that the shape does not name stays inside, whatever a handler puts there."""

    def handler(_services: Services, _call: Call) -> Answer:
        return Answer(body={"said": "this", "phone": "+493023125001"})

    assert answered(declared(handler)).get_json() == {"said": "this"}


def test_a_handler_without_client_cannot_ask_for_one(
    answered: Callable[..., TestResponse],
) -> None:
    """An endpoint that is open by mistake gives an error, never somebody's data."""

    def handler(_services: Services, call: Call) -> Answer:
        return Answer(body={"said": call.client.merchant})

    assert answered(declared(handler)).status_code == 500
    assert answered(declared(handler, access=EVERY_ROLE)).get_json() == {"said": "default"}


def test_an_empty_list_of_roles_lets_nobody_in(answered: Callable[..., TestResponse]) -> None:
    """Emptiness refuses."""

    def handler(_services: Services, _call: Call) -> Answer:
        return Answer(body={"said": "this"})

    assert answered(declared(handler, access=frozenset())).status_code == 403


def test_a_database_that_fails_on_the_way_is_no_internal_error(
    answered: Callable[..., TestResponse],
) -> None:
    """503: it is a part that does not work; the statement and its values stay inside."""

    def handler(_services: Services, _call: Call) -> Answer:
        raise OperationalError("SELECT '+493023125001'", {"phone": "+493023125001"}, Exception())

    answer = answered(declared(handler))
    assert (answer.status_code, list(answer.get_json()["parts"])) == (503, ["database"])
    assert "3125001" not in answer.text


def test_a_problem_is_not_kept_for_a_repetition(answered: Callable[..., TestResponse]) -> None:
    """What failed may be tried again under the same key."""
    given: list[Answer | Problem] = [
        Problem(kind=problems.CONFLICT, detail="not yet"),
        Answer(body={"said": "first"}),
        Answer(body={"said": "second"}),
    ]

    def handler(_services: Services, _call: Call) -> Answer | Problem:
        return given.pop(0)

    only = declared(handler, "POST", access=EVERY_ROLE, repeats=Repeats.ANSWER_KEPT)
    key = {"Idempotency-Key": "k1"}
    assert answered(only, headers=key).status_code == 409
    assert answered(only, headers=key).get_json() == {"said": "first"}
    assert answered(only, headers=key).get_json() == {"said": "first"}
    assert answered(only).get_json() == {"said": "second"}


def test_a_key_is_looked_at_only_where_it_does_something(
    answered: Callable[..., TestResponse],
) -> None:
    """Elsewhere any header of this name passes."""

    def handler(_services: Services, call: Call) -> Answer:
        return Answer(body={"said": str(call.repeat_key)})

    assert answered(declared(handler), headers={"Idempotency-Key": ""}).get_json() == {
        "said": "None"
    }


def test_a_page_says_itself_how_it_may_be_kept(answered: Callable[..., TestResponse]) -> None:
    """Everything else is not to be stored by anybody."""

    def handler(_services: Services, _call: Call) -> Page:
        return Page(content="x", media_type="text/plain")

    assert answered(declared(handler)).headers["Cache-Control"] == "no-cache"
