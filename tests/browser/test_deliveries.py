"""A dispatcher with a phone: from the list to the number to call, without a script."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from selenium.webdriver.common.by import By

from gateway.model.account import Office
from tests.browser.conftest import DESKTOP, PHONE, Browser, Place
from tests.console.conftest import prove
from tests.console.story import Story

NUMBER = "+493023125001"


@pytest.fixture(scope="module")
def rounds(place: Place) -> list[str]:
    """Three orders that Dachser has."""
    numbers = ["rounds0001", "rounds0002", "rounds0003"]
    for number in numbers:
        Story(place.services).order(number)
    return numbers


@contextmanager
def without_scripts(browser: Browser) -> Iterator[None]:
    """As for a reader who allows none."""
    name = "Emulation.setScriptExecutionDisabled"
    browser.driver.execute_cdp_cmd(name, {"value": True})
    try:
        yield
    finally:
        browser.driver.execute_cdp_cmd(name, {"value": False})


def test_a_dispatcher_calls_and_agrees(browser: Browser, rounds: list[str]) -> None:
    """On a phone, without scripts: open, show, a link that dials, appointment, delivered."""
    browser.size(PHONE)
    with without_scripts(browser):
        prove(browser.place.services, browser.sign_in(Office.CARRIER))
        assert browser.one("main h1").text == "Ihre Lieferungen"
        browser.go(browser.link(rounds[0]))
        browser.go(browser.button("Kontakt anzeigen"))
        dials = browser.driver.find_element(By.PARTIAL_LINK_TEXT, "anrufen")
        assert dials.get_attribute("href") == f"tel:{NUMBER}"
        assert "Erika Mustermann" in browser.says()
        tomorrow = (browser.place.clock() + timedelta(days=1)).date()
        # This Chromium was built for readers who write months first, and hours up to twelve.
        browser.labelled("Tag").send_keys(f"{tomorrow:%m%d%Y}")
        browser.labelled("Von").send_keys("0900AM")
        browser.labelled("Bis").send_keys("0100PM")
        browser.go(browser.button("Termin speichern"))
        assert "Der Termin ist gespeichert" in browser.says()
        assert NUMBER not in browser.driver.page_source
        browser.labelled("Alle Stücke sind zugestellt.").click()
        browser.go(browser.button("Als zugestellt melden"))
        assert "Die Zustellung ist vermerkt." in browser.says()
    browser.size(DESKTOP)


def test_the_contact_itself_has_no_barrier(browser: Browser, rounds: list[str]) -> None:
    """Shown and refused, list and delivery: light and dark, at desk and on the phone, in both languages."""
    account = browser.sign_in(Office.CARRIER)
    browser.open(f"/console/deliveries/{rounds[1]}")
    assert browser.violations() == []
    prove(browser.place.services, account)
    for language, show in (("de", "Kontakt anzeigen"), ("en", "Show the contact")):
        browser.driver.add_cookie(
            {"name": "console_language", "value": language, "path": "/console"}
        )
        for path in ("/console/deliveries", "/console/deliveries?status=open"):
            browser.open(path)
            assert browser.violations() == [], (path, language)
        for size in (DESKTOP, PHONE):
            browser.size(size)
            browser.open(f"/console/deliveries/{rounds[1]}")
            assert browser.violations() == [], language
            browser.go(browser.button(show))
            assert browser.violations() == [], language
            assert not browser.is_wider_than_the_window()
            with browser.dark():
                assert browser.violations() == [], (language, "dark")
    browser.size(DESKTOP)
