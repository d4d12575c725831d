"""The log through a real browser: found, opened, proven, taken along, reviewed; by hand and by keyboard."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from gateway.audit.entry import Action
from gateway.model.account import Office
from gateway.usecases.log import sequence
from policies.question import Purpose
from tests.browser.conftest import DESKTOP, PHONE, Browser, Place
from tests.console.story import HOSTILE, Story

_SECONDS = 10


@pytest.fixture(scope="module")
def story(place: Place) -> Story:
    """Enough for every facet, every hint of the log but one, and more than one page."""
    made = Story(place.services)
    for number in ("logb000001", "logb000002"):
        made.order(number)
    for _ in range(6):
        made.ask("logb000001")
    for _ in range(12):
        made.ask("logb000002", Purpose.MARKETING)
    made.ask("logb000002", carrier="emons")
    for at in range(40):
        made.order(f"logb1{at:05d}")
    made.counted()
    sequence.integrate_waiting(place.services.store)
    return made


@pytest.fixture
def saved(browser: Browser, tmp_path: Path) -> Iterator[Callable[[], Path]]:
    """Waits for the file that the browser saves next."""
    order = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.driver.execute_cdp_cmd("Browser.setDownloadBehavior", order)

    def wait() -> Path:
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            found = [it for it in tmp_path.iterdir() if it.suffix != ".crdownload"]
            if found:
                return found[0]
            time.sleep(0.05)
        raise AssertionError("nothing was saved")

    yield wait
    browser.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "deny"})


def without_barrier(browser: Browser) -> None:
    """The page as it stands, light and dark, wide and narrow, with all that opens opened."""
    for part in browser.all("main details"):
        browser.driver.execute_script("arguments[0].open = true", part)
    assert browser.violations() == []
    with browser.dark():
        assert browser.violations() == []
    browser.size(PHONE)
    assert browser.violations() == []
    assert not browser.is_wider_than_the_window()
    browser.size(DESKTOP)


def test_a_refusal_is_found_opened_and_proven(story: Story, browser: Browser) -> None:
    """In German, with a hostile name that stays a name; no page on the way has a barrier."""
    browser.sign_in(Office.REVIEWER)
    browser.go(browser.link("Protokoll"))
    browser.go(browser.link("abgelehnt"))
    browser.go(browser.link("Zweck ist Werbung"))
    assert "12 Einträge" in browser.says()
    assert f"Anfrage von Dachser {HOSTILE} für Werbung" in browser.says()
    assert browser.all("main script") == []
    without_barrier(browser)
    browser.go(browser.one("td.opens a"))
    assert "wird nie für Marketing genutzt" in browser.one("mark").text
    without_barrier(browser)
    browser.go(browser.button("Jetzt nachrechnen"))
    assert "Der Nachweis stimmt." in browser.one("main [role=status]").text
    without_barrier(browser)


def test_what_is_sought_is_narrowed_and_left_out_in_english(story: Story, browser: Browser) -> None:
    """The address holds it all, so going back undoes it."""
    browser.sign_in(Office.REVIEWER)
    browser.open("/console/log?outcome=refused")
    browser.go(browser.button("English"))
    assert "13 entries" in browser.says()
    browser.go(browser.one("[aria-label='Without “purpose is marketing”']"))
    assert "1 entry" in browser.says()
    assert "Reason not: purpose is marketing" in browser.says()
    before = browser.one("html")
    browser.driver.back()
    browser.left(before)
    assert "13 entries" in browser.says()
    without_barrier(browser)


def test_the_log_is_read_by_keyboard_alone(story: Story, browser: Browser) -> None:
    """To the order's number, to its entries, into one of them, and its proof."""
    browser.sign_in(Office.REVIEWER)
    browser.open("/console/log")
    keyed(browser, "#order", "logb000001", Keys.ENTER)
    assert "8 Einträge" in browser.says()
    keyed(browser, "td.opens a", Keys.ENTER)
    assert "Dachser erhielt" in browser.says()
    keyed(browser, "form[action$='/proof'] button", Keys.ENTER)
    assert "Der Nachweis stimmt." in browser.says()


def keyed(browser: Browser, css: str, *keys: str) -> None:
    """Tab until the element has the focus, then press keys that lead to another page."""
    wanted = browser.one(css)
    before = browser.one("html")
    for _ in range(80):
        if browser.driver.switch_to.active_element == wanted:
            break
        ActionChains(browser.driver).send_keys(Keys.TAB).perform()
    assert browser.driver.switch_to.active_element == wanted, css
    ActionChains(browser.driver).send_keys(*keys).perform()
    browser.left(before)


def test_the_sought_entries_are_saved(
    story: Story, browser: Browser, saved: Callable[[], Path]
) -> None:
    """The file holds what the page counted."""
    browser.sign_in(Office.REVIEWER)
    browser.open("/console/log?outcome=refused")
    browser.button("JSON-Zeilen").click()
    lines = saved().read_text("utf-8").splitlines()
    assert len(lines) == 13
    assert {json.loads(line)["action"] for line in lines} == {Action.CONTACT_REFUSED}


def test_older_entries_are_a_page_further(story: Story, browser: Browser) -> None:
    """And back at the newest."""
    browser.sign_in(Office.REVIEWER)
    browser.open("/console/log?action=order.stored&action=order.assigned")
    newest = browser.one("td.opens a").get_attribute("href")
    browser.go(browser.link("Ältere Einträge"))
    assert newest not in {it.get_attribute("href") for it in browser.all("td.opens a")}
    browser.go(browser.link("Zu den neuesten"))
    assert browser.one("td.opens a").get_attribute("href") == newest


def test_a_search_is_kept_by_its_name(story: Story, browser: Browser) -> None:
    """And found again from the bare log."""
    browser.sign_in(Office.REVIEWER)
    browser.open("/console/log?outcome=refused&not_reason=purpose_marketing")
    browser.labelled("Diese Suche merken als").send_keys("Ohne Werbung")
    browser.go(browser.button("Merken"))
    browser.open("/console/log")
    without_barrier(browser)
    browser.go(browser.link("Ohne Werbung"))
    assert "1 Eintrag" in browser.says()
    browser.go(browser.one("[aria-label='Suche „Ohne Werbung“ vergessen']"))
    assert "Ohne Werbung" not in browser.says()


def test_a_hint_is_looked_into_and_reviewed(story: Story, browser: Browser) -> None:
    """From the overview to the hint, to the entries behind it, and to a conclusion."""
    browser.sign_in(Office.REVIEWER)
    assert "Anfragen von Dachser" in browser.says()
    without_barrier(browser)
    browser.go(browser.link("Alle Hinweise"))
    without_barrier(browser)
    hint = next(it for it in browser.all("article") if "wurden am" in it.text)
    browser.go(hint.find_element("css selector", "a"))
    assert "12 Einträge" in browser.says()
    before = browser.one("html")
    browser.driver.back()
    browser.left(before)
    hint = next(it for it in browser.all("article") if "wurden am" in it.text)
    hint.find_element("css selector", "select").send_keys("mit der Spedition")
    browser.go(hint.find_element("css selector", "form button"))
    assert "Ihr Ergebnis ist eingetragen" in browser.says()
    assert "geklärt" in browser.says()
