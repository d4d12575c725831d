"""Who may receive what, on one page; a token is shown once, and every change names its person."""

import re

import pytest
from flask import Flask

from gateway.audit.entry import Action
from gateway.usecases.clients import listing
from gateway.usecases.reviewing import tallying
from gateway.usecases.services import Services
from tests.console.conftest import Reader, words

TOKEN = re.compile(r"cgw_[A-Za-z0-9_-]{43}")
PAGE = "/console/carriers"


def status(app: Flask, token: str) -> int:
    """What the API says to a client's token."""
    return (
        app.test_client()
        .get("/v1/orders/none-such", headers={"Authorization": f"Bearer {token}"})
        .status_code
    )


def made(operator: Reader, name: str = "Shopware <b>") -> str:
    """A new merchant's client, by the form; its token."""
    operator.get(PAGE)
    shown = operator.post(f"{PAGE}/clients", name=name, role="merchant", expires="30")
    assert name in words(shown).replace("\n", " ") or "<" in name
    [token] = TOKEN.findall(shown.text)
    return str(token)


def test_a_client_is_created_renewed_and_revoked(
    operator: Reader, services: Services, app: Flask
) -> None:
    """Each token works until the next one is made; nothing shows it again."""
    token = made(operator)
    [client] = [it for it in listing(services.store, "default") if it.name == "Shopware <b>"]
    assert status(app, token) == 404
    shown = operator.post(f"{PAGE}/clients/{client.client_id}/rotate")
    [renewed] = TOKEN.findall(shown.text)
    assert (status(app, token), status(app, renewed)) == (401, 404)
    answer = operator.post(f"{PAGE}/clients/{client.client_id}/revoke")
    assert "Der Zugang ist gesperrt." in words(operator.follow(answer))
    assert status(app, renewed) == 401
    assert TOKEN.search(operator.get(PAGE).text) is None
    assert operator.post(f"{PAGE}/clients/{client.client_id}/rotate").status_code == 404


def test_every_change_names_its_person(
    operator: Reader, reviewer: Reader, services: Services
) -> None:
    """Not the command line: the account that did it."""
    made(operator)
    tallying.count_waiting(services.store, services.settings.console.time_zone)
    found = words(reviewer.get(f"/console/log?action={Action.CLIENT_CREATED}"))
    assert "default-operator" in found


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": "", "role": "shop"}, "1 bis 200 Zeichen"),
        ({"name": "x", "role": "king"}, "bitte wählen Sie aus der Liste"),
        ({"name": "x", "role": "carrier:none-such"}, "bitte wählen Sie aus der Liste"),
        ({"name": "x", "role": "shop", "expires": "0"}, "Eine Zahl von 1 bis 3650"),
        ({"name": "x", "role": "shop", "expires": "٣"}, "Eine Zahl von 1 bis 3650"),
        ({"name": "x", "role": "shop", "expires": "9" * 40}, "Eine Zahl von 1 bis 3650"),
    ],
)
def test_what_does_not_fit_is_said_beside_it(
    operator: Reader, fields: dict[str, str], says: str
) -> None:
    """Nothing is created."""
    operator.get(PAGE)
    answer = operator.post(f"{PAGE}/clients", **fields)
    assert answer.status_code == 422
    assert says in words(answer)


def test_the_page_says_who_may_what_until_when(reviewer: Reader, operator: Reader) -> None:
    """Carriers with state, fields and counts; a reviewer is offered no change."""
    said = reviewer.text(PAGE)
    assert "Dachser" in said
    assert "abgelaufen" in said
    assert "Terminabsprache" in said
    assert "<form" not in reviewer.get(PAGE).text.partition("<main")[2]
    assert "Zugang anlegen" in operator.text(PAGE)
