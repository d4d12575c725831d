"""Every page, as it is seen and heard: no barrier, no blocked content, by keyboard alone."""

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from gateway.console import routes
from gateway.console.page import Anyone
from gateway.model.account import Office
from tests.browser.conftest import DESKTOP, PHONE, Browser

NOWHERE = "/console/nothing-here"


def pages(office: Office) -> list[str]:
    """Every page of an office that has an address of its own, and one that does not exist."""
    found = [
        it for it in routes.pages() if it.method == "GET" and not isinstance(it.access, Anyone)
    ]
    return [
        *(f"/console{it.path}" for it in found if it.is_for(office) and "<" not in it.path),
        NOWHERE,
    ]


@pytest.mark.parametrize("office", list(Office))
def test_no_page_has_a_barrier(browser: Browser, office: Office) -> None:
    """axe-core finds nothing, light and dark, in both languages, at desk and on the phone."""
    browser.sign_in(office)
    for path in pages(office):
        for language in ("de", "en"):
            browser.driver.add_cookie(
                {"name": "console_language", "value": language, "path": "/console"}
            )
            browser.open(path)
            assert browser.violations() == [], (path, language)
        with browser.dark():
            assert browser.violations() == [], (path, "dark")
        browser.size(PHONE)
        assert browser.violations() == [], (path, "phone")
        assert not browser.is_wider_than_the_window(), path
        browser.size(DESKTOP)
    browser.driver.get_log("browser")


@pytest.mark.parametrize("path", ["/console/sign-in", "/console/link/" + "x" * 43])
def test_the_way_in_has_no_barrier(browser: Browser, path: str) -> None:
    """For whoever is not inside yet."""
    browser.open(path)
    assert browser.violations() == []
    with browser.dark():
        assert browser.violations() == []
    browser.driver.get_log("browser")


def test_the_first_key_leads_past_the_navigation(browser: Browser) -> None:
    """Tab, Enter, and the next Tab is in the content."""
    browser.sign_in(Office.REVIEWER)
    browser.open("/console/account")
    keys = ActionChains(browser.driver)
    keys.send_keys(Keys.TAB, Keys.ENTER, Keys.TAB).perform()
    focused = browser.driver.switch_to.active_element
    inside = "return document.querySelector('main').contains(arguments[0])"
    assert browser.driver.execute_script(inside, focused)


def test_the_language_is_switched_where_one_is(browser: Browser) -> None:
    """And stays, on every page."""
    browser.sign_in(Office.REVIEWER)
    browser.open("/console/account")
    browser.go(browser.button("English"))
    assert browser.one("main h1").text == "Your account"
    assert browser.one("html").get_attribute("lang") == "en"
    browser.open("/console/")
    assert browser.one("main h1").text == "Overview"
