"""What opens an account is changed by its owner, just after they proved who they are."""

from collections.abc import Callable

import pyotp
import pytest

from gateway.model.account import Account, Office
from gateway.usecases.people import factors
from gateway.usecases.services import Services
from tests.conftest import Clock
from tests.console.conftest import Reader, words

PASSWORD = "vier Worte ohne jeden Sinn"
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

CHANGES = {
    "password": {"password": PASSWORD, "repeated": PASSWORD},
    "authenticator": {"seed": SEED},
    "codes": {},
    "passkeys": {"credential": "{}", "label": "Laptop"},
    "passkeys/remove": {"passkey": "00"},
}


@pytest.fixture
def browsers(a_reader: Callable[[], Reader]) -> tuple[Account, Reader, Reader]:
    """Two browsers of one account, the account first."""
    first, second = a_reader(), a_reader()
    account = first.sign_in(Office.REVIEWER)
    second.sign_in_as(account)
    first.get("/console/account")
    return account, first, second


@pytest.mark.parametrize("change", CHANGES)
def test_a_quarter_of_an_hour_after_sign_in_nothing_can_be_changed(
    browsers: tuple[Account, Reader, Reader], services: Services, clock: Clock, change: str
) -> None:
    """Whoever finds the browser open cannot make the account their own."""
    account, first, _ = browsers
    clock.advance(minutes=15)
    before = factors.of(services.store, account)
    answer = first.post(f"/console/account/{change}", **CHANGES[change])
    assert answer.status_code == 403
    assert "Bitte melden Sie sich neu an" in words(answer)
    after = factors.of(services.store, account)
    assert (after.password, after.authenticator, after.codes_left) == (False, False, 0)
    assert after.passkeys == before.passkeys


def test_a_new_password_signs_other_browsers_out(
    browsers: tuple[Account, Reader, Reader],
) -> None:
    """Whoever had the old one is out; whoever changed it stays."""
    _, first, second = browsers
    answer = first.post("/console/account/password", password=PASSWORD, repeated=PASSWORD)
    assert "Das Passwort ist gespeichert." in words(first.follow(answer))
    assert second.get("/console/account").status_code == 303


def test_a_new_authenticator_signs_other_browsers_out(
    browsers: tuple[Account, Reader, Reader], clock: Clock
) -> None:
    """And is not set up before it showed a code that fits."""
    _, first, second = browsers
    wrong = first.post("/console/account/authenticator", seed=SEED, code="000000")
    assert wrong.status_code == 422
    assert "Der Code passt nicht." in words(wrong)
    assert SEED in wrong.text
    assert second.get("/console/account").status_code == 200
    code = pyotp.TOTP(SEED).at(clock())
    answer = first.post("/console/account/authenticator", seed=SEED, code=code)
    assert "Die App ist eingerichtet." in words(first.follow(answer))
    assert second.get("/console/account").status_code == 303


def test_other_browsers_can_be_signed_out(browsers: tuple[Account, Reader, Reader]) -> None:
    """From here, without touching them."""
    _, first, second = browsers
    assert "zuletzt benutzt" in first.text("/console/account")
    first.follow(first.post("/console/account/sessions/end"))
    assert second.get("/console/account").status_code == 303


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"password": "short", "repeated": "short"}, "Zu kurz oder zu lang."),
        ({"password": PASSWORD, "repeated": PASSWORD + "!"}, "Das ist ein anderes."),
        (
            {"password": "default-reviewer is me", "repeated": "default-reviewer is me"},
            "Der Kontoname darf nicht darin vorkommen.",
        ),
    ],
)
def test_a_password_that_does_not_fit_is_explained(
    browsers: tuple[Account, Reader, Reader], fields: dict[str, str], says: str
) -> None:
    """Beside its field, and without being shown again."""
    _, first, _ = browsers
    answer = first.post("/console/account/password", **fields)
    assert answer.status_code == 422
    assert says in words(answer)
    assert fields["password"] not in answer.text.replace("default-reviewer</a>", "")


def test_an_answer_that_no_browser_gave_sets_up_no_passkey(
    browsers: tuple[Account, Reader, Reader],
) -> None:
    """Neither nonsense nor an answer to a challenge of somebody else's."""
    _, first, _ = browsers
    for credential in ("", "{}", "[]", '{"id": 1}'):
        answer = first.post("/console/account/passkeys", credential=credential, label="x")
        assert answer.status_code == 422, credential


def test_nonsense_signs_nobody_in(reader: Reader) -> None:
    """A passkey's answer comes from outside like everything else."""
    reader.get("/console/sign-in")
    for credential in ("", "{}", "[]", "null", '{"id":"eA","rawId":"eA","response":{}}'):
        answer = reader.post("/console/sign-in/passkey", credential=credential)
        assert answer.status_code == 403, credential
        assert "Das hat nicht gepasst" in words(answer)
