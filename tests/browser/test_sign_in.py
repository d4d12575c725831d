"""Coming in through a real browser, in every way that there is."""

from collections.abc import Callable
from datetime import timedelta

import pyotp

from gateway.model.account import Office
from tests.browser.conftest import Browser


def test_a_link_signs_in_once(browser: Browser) -> None:
    """The link that `make up` prints leads in; opened again it does not."""
    browser.sign_in(Office.REVIEWER)
    assert browser.one("main h1").text == "Überblick"
    browser.go(browser.button("Abmelden"))
    assert browser.one("main h1").text == "Anmelden"


def test_a_passkey_is_set_up_and_signs_in(
    browser: Browser, authenticator: Callable[[bool], None]
) -> None:
    """Set up on the account's page, it opens the door without any name."""
    browser.sign_in(Office.REVIEWER)
    browser.open("/console/account")
    browser.labelled("Bezeichnung").send_keys("Laptop <b>")
    browser.go(browser.button("Passkey einrichten"))
    assert "Der Passkey ist eingerichtet." in browser.says()
    assert "Laptop <b>" in browser.says()
    browser.go(browser.button("Abmelden"))
    browser.go(browser.button("Mit Passkey anmelden"))
    assert browser.one("main h1").text == "Überblick"
    browser.open("/console/account")
    browser.go(browser.button("Entfernen"))
    assert "Laptop <b>" not in browser.says()


def test_a_passkey_needs_its_owner(browser: Browser, authenticator: Callable[[bool], None]) -> None:
    """A device whose owner is not recognised opens nothing, and the page says so."""
    browser.sign_in(Office.REVIEWER)
    browser.open("/console/account")
    browser.labelled("Bezeichnung").send_keys("Laptop")
    browser.go(browser.button("Passkey einrichten"))
    browser.go(browser.button("Abmelden"))
    authenticator(False)
    browser.button("Mit Passkey anmelden").click()
    assert "nicht geklappt" in browser.one("[data-trouble]:not([hidden])").text


def test_password_and_authenticator_are_set_up_and_sign_in(browser: Browser) -> None:
    """Both together open the door, and a code counts once."""
    account = browser.sign_in(Office.OPERATOR)
    browser.open("/console/account")
    browser.labelled("Neues Passwort").send_keys("ein langer Satz ist gut")
    browser.labelled("Noch einmal").send_keys("ein langer Satz ist gut")
    browser.go(browser.button("Passwort speichern"))
    browser.one("summary").click()
    totp = pyotp.TOTP(browser.one("details p.mono").text)
    now = browser.place.clock
    browser.labelled("Code aus der App").send_keys(totp.at(now()))
    browser.go(browser.button("App übernehmen"))
    assert "Die App ist eingerichtet." in browser.says()
    browser.go(browser.button("Abmelden"))
    browser.complaints()
    for code, heading in (
        (totp.at(now()), "Anmelden"),
        (totp.at(now() + timedelta(seconds=30)), "Überblick"),
    ):
        browser.labelled("Kontoname").clear()
        browser.labelled("Kontoname").send_keys(account.name)
        browser.labelled("Passwort").send_keys("ein langer Satz ist gut")
        browser.labelled("Einmalcode").send_keys(code)
        browser.go(browser.button("Anmelden"))
        assert browser.one("main h1").text == heading
    # The refusal of the code that was used.
    assert [it for it in browser.complaints() if "403" not in it] == []
