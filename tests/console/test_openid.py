"""Sign-in through the house's own OpenID Connect provider: whom it vouches for, and everything it must not."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from joserfc.jwk import OctKey
from werkzeug.test import TestResponse

from gateway.app import create_app
from gateway.audit.entry import Action, Entry
from gateway.errors import ConfigurationError
from gateway.model.account import Office, Way
from gateway.settings import load
from gateway.storage import entries
from gateway.usecases.people import accounts, factors
from gateway.usecases.services import Services
from tests.conftest import Clock
from tests.console.conftest import Reader, words
from tests.console.provider import CLIENT_ID, SECRET, Provider, another_key, served

EMAIL = "dpo@example.org"


@pytest.fixture
def provider(clock: Clock) -> Iterator[Provider]:
    """The provider, which says that it is the data protection officer who signs in."""
    with served(lambda: clock().timestamp()) as made:
        made.claims = {"email": EMAIL}
        yield made


@pytest.fixture
def house(a_gateway: Callable[..., Services], provider: Provider, tmp_path: Path) -> Services:
    """A gateway that sends people there, and the account of that officer."""
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    services = a_gateway(
        GATEWAY_OPENID__ISSUER=provider.issuer,
        GATEWAY_OPENID__CLIENT_ID=CLIENT_ID,
        GATEWAY_OPENID__CLIENT_SECRET_FILE=str(secret),
    )
    accounts.create(services.store, "default", EMAIL, Office.REVIEWER)
    return services


@pytest.fixture
def visitor(house: Services) -> Reader:
    """A browser before that gateway, at its sign-in page."""
    made = Reader(create_app(house), house)
    made.get("/console/sign-in")
    return made


def back(visitor: Reader) -> str:
    """To the provider and, as it says, back: the address that the browser is sent to."""
    off = visitor.get("/console/sign-in/openid")
    assert off.status_code == 303
    told = requests.get(off.headers["Location"], allow_redirects=False, timeout=10)
    return told.headers["Location"].removeprefix("http://localhost:8080")


def sign_in(visitor: Reader) -> TestResponse:
    """The whole way."""
    return visitor.get(back(visitor))


def log(services: Services) -> list[Entry]:
    """What is on record of signing in."""
    with services.store.read() as connection:
        found = [
            Entry.parse(one.leaf)
            for stretch in reversed(entries.stretches(connection, "default", None, None))
            for one in entries.oldest(connection, stretch, entries.Sought(), 1000)
        ]
    return [it for it in found if it.action.startswith("signin.")]


def test_whom_the_provider_vouches_for_comes_in(visitor: Reader, house: Services) -> None:
    """As the account of that address, in its own office, on record with the way."""
    assert "Mit dem Firmenkonto anmelden" in visitor.text("/console/sign-in")
    answer = sign_in(visitor)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/")
    assert EMAIL in visitor.text("/console/account")
    [account] = accounts.listing(house.store, "default")
    [session] = factors.of(house.store, account).sessions
    assert session[0] is Way.OPENID
    [entry] = log(house)
    assert (entry.action, entry.actor.id) == (Action.SIGNIN_SUCCEEDED, account.account_id)
    assert entry.detail == {"way": "openid", "openid": "bound"}
    assert sign_in(visitor).status_code == 303
    assert log(house)[1].detail == {"way": "openid"}


def test_an_address_that_passed_to_another_person_opens_nothing(
    visitor: Reader, provider: Provider, house: Services
) -> None:
    """Whoever was first keeps the account, says the page; until the operator lets another one in."""
    assert sign_in(visitor).status_code == 303
    provider.claims = {"email": EMAIL, "sub": "another"}
    other = Reader(create_app(house), house)
    other.get("/console/sign-in")
    answer = sign_in(other)
    assert answer.status_code == 403
    assert "gehört zu einem anderen Firmenkonto" in words(answer)
    [account] = accounts.listing(house.store, "default")
    refused = log(house)[-1]
    assert (refused.action, refused.actor.id) == (Action.SIGNIN_FAILED, account.account_id)
    assert refused.detail == {"why": "openid-subject"}

    accounts.unbind(house.store, "default", EMAIL)
    assert visitor.get("/console/account").status_code == 303
    assert sign_in(other).status_code == 303
    provider.claims = {"email": EMAIL}
    assert sign_in(visitor).status_code == 403


def test_a_person_opens_one_account_whatever_address_they_have_now(
    visitor: Reader, provider: Provider, house: Services
) -> None:
    """Somebody who changed their address at the provider to a colleague's is not the colleague."""
    assert sign_in(visitor).status_code == 303
    colleague = "colleague@example.org"
    accounts.create(house.store, "default", colleague, Office.OPERATOR)
    provider.claims = {"email": colleague}
    answer = sign_in(visitor)
    assert (answer.status_code, log(house)[-1].action) == (403, Action.SIGNIN_FAILED)
    accounts.disable(house.store, "default", EMAIL)
    assert sign_in(visitor).status_code == 303


def test_each_sign_in_has_its_own_state_nonce_and_challenge(visitor: Reader) -> None:
    """And none of them is a secret of the browser's that the address would give away."""
    asked = []
    for _ in range(2):
        location = visitor.get("/console/sign-in/openid").headers["Location"]
        asked.append(parse_qs(urlsplit(location).query))
    for name in ("state", "nonce", "code_challenge"):
        assert asked[0][name] != asked[1][name]
    cookie = visitor.client.get_cookie("console_form", domain="localhost", path="/console")
    assert cookie is not None
    assert cookie.value not in str(asked)


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "nobody@example.org"},
        {"email": EMAIL, "email_verified": False},
        {"email": EMAIL, "email_verified": "true"},
        {"email": EMAIL, "email_verified": None},
        {"email": None},
        {"email": [EMAIL]},
        {"email": EMAIL, "iss": "https://another.example"},
        {"email": EMAIL, "aud": "another"},
        {"email": EMAIL, "aud": [CLIENT_ID, "another"], "azp": "another"},
        {"email": EMAIL, "exp": 1},
        {"email": EMAIL, "iat": 9e9},
        {"email": EMAIL, "nonce": "another"},
        {"email": EMAIL, "nonce": None},
        {"email": EMAIL, "at_hash": "x" * 22},
        {"email": EMAIL, "sub": None},
        {"email": EMAIL, "sub": ""},
        {"email": EMAIL, "sub": "x" * 256},
        {"email": EMAIL, "sub": 4711},
    ],
)
def test_an_answer_that_does_not_hold_lets_nobody_in(
    visitor: Reader, provider: Provider, house: Services, claims: dict[str, Any]
) -> None:
    """Unknown, unverified, for another, of another, too old, or not the answer to this question."""
    provider.claims = claims
    answer = sign_in(visitor)
    assert answer.status_code == 403
    assert "kein Konto unter Ihrer bestätigten E-Mail-Adresse" in words(answer)
    assert visitor.get("/console/account").status_code == 303
    assert [it.action for it in log(house)] == [Action.SIGNIN_FAILED]
    assert len(accounts.listing(house.store, "default")) == 1


def test_a_token_must_be_signed_by_the_provider(visitor: Reader, provider: Provider) -> None:
    """Not by another key, not with our secret, and not at all."""
    for header, key in (
        ({"alg": "ES256", "kid": provider.header["kid"]}, another_key()),
        ({"alg": "HS256"}, OctKey.import_key(SECRET)),
        ({"alg": "none"}, None),
    ):
        provider.header, provider.key = header, key
        assert sign_in(visitor).status_code == 403


def test_an_answer_counts_once_and_for_the_browser_that_asked(
    visitor: Reader, house: Services, clock: Clock
) -> None:
    """Not again, not in another browser, not with a made-up state, not after ten minutes."""
    address = back(visitor)
    other = Reader(create_app(house), house)
    other.get("/console/sign-in")
    assert other.get(address).status_code == 403
    assert visitor.get(address).status_code == 303
    assert visitor.get(address).status_code == 403
    assert visitor.get("/console/sign-in/openid/back?state=x&code=y").status_code == 403
    late = back(visitor)
    clock.advance(minutes=10)
    assert visitor.get(late).status_code == 403


def test_strangers_cannot_keep_the_provider_busy(visitor: Reader, house: Services) -> None:
    """After so many in a minute they wait, and what was made up leaves no trace in the log."""
    path = "/console/sign-in/openid/back?state=x&code=y"
    statuses = [visitor.get(path).status_code for _ in range(40)]
    assert set(statuses) == {403, 429}
    assert visitor.get("/console/sign-in/openid").status_code == 429
    assert log(house) == []


def test_another_providers_answer_is_no_answer(visitor: Reader, provider: Provider) -> None:
    """RFC 9207: who answers says who it is; and discovery must name the issuer that was configured."""
    address = back(visitor)
    assert visitor.get(address.replace("iss=http", "iss=https")).status_code == 403
    provider.denies = True
    assert sign_in(visitor).status_code == 403


def test_a_provider_that_calls_itself_otherwise_is_not_gone_to(
    visitor: Reader, provider: Provider
) -> None:
    """Nobody is sent to whoever answers at the address."""
    provider.says_issuer = "https://another.example"
    answer = visitor.get("/console/sign-in/openid")
    assert answer.status_code == 503
    assert "nicht erreichbar" in words(answer)


def test_a_carriers_account_is_never_opened_by_the_house(
    visitor: Reader, provider: Provider, house: Services
) -> None:
    """Whoever runs the merchant's provider could else read contacts; nor is a disabled one."""
    dispatch = "dispatch@example.org"
    accounts.create(house.store, "default", dispatch, Office.CARRIER, "dachser")
    provider.claims = {"email": dispatch}
    assert sign_in(visitor).status_code == 403
    accounts.disable(house.store, "default", EMAIL)
    provider.claims = {"email": EMAIL}
    assert sign_in(visitor).status_code == 403


def test_an_answer_from_another_site_is_asked_for_again(visitor: Reader) -> None:
    """The browser keeps its cookie back at first; the page leads on to the same address, and sets none."""
    address = back(visitor)
    answer = visitor.get(address, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert 'http-equiv="refresh"' in answer.text
    assert "Set-Cookie" not in answer.headers
    assert visitor.get(address).status_code == 303


def test_without_a_provider_there_is_no_such_way(reader: Reader) -> None:
    """Neither on the page nor behind it."""
    assert "Firmenkonto" not in reader.text("/console/sign-in")
    assert reader.get("/console/sign-in/openid").status_code == 404
    assert reader.get("/console/sign-in/openid/back?state=x").status_code == 404


def test_a_provider_that_is_not_there_is_told(
    a_gateway: Callable[..., Services], tmp_path: Path
) -> None:
    """The other ways stay open; nobody is let in."""
    (tmp_path / "secret").write_text(SECRET)
    services = a_gateway(
        GATEWAY_OPENID__ISSUER="http://127.0.0.1:9",
        GATEWAY_OPENID__CLIENT_ID=CLIENT_ID,
        GATEWAY_OPENID__CLIENT_SECRET_FILE=str(tmp_path / "secret"),
    )
    reader = Reader(create_app(services), services)
    answer = reader.get("/console/sign-in/openid")
    assert answer.status_code == 503
    assert "Kontoname" in words(answer)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"ISSUER": "http://login.example"}, "GATEWAY_OPENID__ISSUER"),
        ({"ISSUER": "https://login.example"}, "openid.client_id"),
        ({"ISSUER": "https://login.example", "CLIENT_ID": "x"}, "openid.client_secret_file"),
    ],
)
def test_half_a_provider_stops_the_start(told: dict[str, str], message: str) -> None:
    """The key that is missing or wrong is named."""
    with pytest.raises(ConfigurationError, match=message):
        load({f"GATEWAY_OPENID__{name}": value for name, value in told.items()})
