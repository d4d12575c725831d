"""What every reply has, and what is said when something is wrong."""

from collections.abc import Callable

import pytest

from gateway.app import create_app
from gateway.usecases.services import Services
from tests.console.conftest import Reader, words


def test_the_browser_decides_on_the_language_and_a_switch_overrides(reader: Reader) -> None:
    """German for whoever reads neither."""
    for preferred, title in (
        ("de-AT", "Anmelden"),
        ("en-US,en;q=0.9", "Sign in"),
        ("fr", "Anmelden"),
    ):
        answer = reader.get("/console/sign-in", headers={"Accept-Language": preferred})
        assert f"<h1>{title}</h1>" in answer.text
    reader.post("/console/language", language="en", next="/console/sign-in")
    answer = reader.get("/console/sign-in", headers={"Accept-Language": "de"})
    assert '<html lang="en">' in answer.text
    assert reader.post("/console/language", language="xx").status_code == 303
    assert '<html lang="en">' in reader.get("/console/sign-in").text


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "localhost.evil.example", "[::2]"]
)
def test_the_console_answers_to_its_own_names_only(services: Services, host: str) -> None:
    """Nobody reaches it through a name that they own (DNS rebinding)."""
    client = create_app(services).test_client()
    answer = client.get("/console/sign-in", base_url=f"http://{host}")
    assert answer.status_code == 421
    assert "console.address" in answer.text


def test_the_configured_address_is_a_name_of_its_own(
    a_gateway: Callable[..., Services],
) -> None:
    """And https there is asked for at the start."""
    services = a_gateway(GATEWAY_CONSOLE__ADDRESS="https://gateway.example")
    client = create_app(services).test_client()
    answer = client.get("/console/sign-in", base_url="https://gateway.example")
    assert answer.status_code == 200


def test_what_is_not_there_is_said_in_words(reviewer: Reader) -> None:
    """With the number of the request, and nothing of what was asked for."""
    answer = reviewer.get("/console/no/such/page")
    assert answer.status_code == 404
    assert "Hier ist nichts" in words(answer)
    assert answer.headers["X-Request-Id"] in answer.text
    assert "no/such" not in words(answer)


def test_the_bare_address_leads_to_the_overview(reviewer: Reader) -> None:
    """A missing slash is no fault."""
    answer = reviewer.client.get("/console", base_url="http://localhost:8080")
    assert answer.status_code == 308
    assert answer.headers["Location"] == "http://localhost:8080/console/"


def test_assets_never_change_under_their_address(reader: Reader) -> None:
    """So they are kept for ever; an address that is out of date leads to nothing."""
    page = reader.get("/console/sign-in").text
    [address] = [part for part in page.split('"') if part.endswith("console.css")]
    answer = reader.get(address)
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.content_type == "text/css; charset=utf-8"
    assert reader.get("/console/assets/0000000000000000/console.css").status_code == 404


def test_strangers_may_not_try_for_ever(reader: Reader) -> None:
    """Beyond a number that nobody mistypes the form is not taken any more, nor put on record."""
    reader.get("/console/sign-in")
    statuses = {reader.post("/console/sign-in", form_token="0").status_code for _ in range(31)}
    assert statuses == {400, 429}


def test_an_answer_names_no_server(reader: Reader) -> None:
    """Neither kind nor version."""
    assert reader.get("/console/sign-in").headers["Server"] == "gateway"
