"""A buyer's rights through a real browser: a report, and an erasure by two people."""

from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from gateway.marketplaces.otto.derive import derive
from gateway.model.account import Office
from gateway.model.order import Order
from gateway.usecases import forget
from gateway.usecases.actors import OPERATOR
from tests.browser.conftest import Browser
from tests.builders import an_order


def with_order(browser: Browser, number: str) -> None:
    """An order that the place did not have."""
    services = browser.place.services
    order = derive(an_order(number), services.otto)
    assert isinstance(order, Order)
    services.intake("default", OPERATOR, [order], 0, None)


def test_a_report_on_a_buyer_is_made_by_keyboard(browser: Browser) -> None:
    """From the number to the report, without a mouse; then in English."""
    with_order(browser, "brows00001")
    browser.sign_in(Office.REVIEWER)
    browser.open("/console/reports")
    before = browser.one("html")
    browser.one("#recipients-order").send_keys("brows00001", Keys.ENTER)
    browser.left(before)
    assert browser.one("main h1").text == "Auskunft über die Empfänger"
    assert "Niemand hat den Kontakt erhalten." in browser.says()
    assert browser.violations() == []
    with browser.dark():
        assert browser.violations() == []
    browser.open("/console/reports/processing")
    browser.go(browser.button("English"))
    assert browser.one("main h1").text == "Record of processing activities"


def test_two_people_erase_a_buyer(browser: Browser) -> None:
    """One asks and finds nothing to confirm; another confirms, and has the proof before them."""
    with_order(browser, "brows00002")
    browser.sign_in(Office.OPERATOR)
    browser.open("/console/subjects")
    browser.labelled("Auftragsnummer").send_keys("brows00002")
    browser.labelled("Grund").send_keys("Brief vom 20.11.2026")
    browser.go(browser.button("Löschung beantragen"))
    assert "wartet auf eine zweite Person" in browser.says()
    assert browser.all("main .btn-danger") == []
    assert browser.violations() == []
    browser.go(browser.button("Abmelden"))
    browser.sign_in(Office.REVIEWER)
    browser.open("/console/subjects")
    assert browser.violations() == []
    button = browser.button("Bestätigen und löschen")
    before = browser.one("html")
    browser.driver.execute_script("arguments[0].focus()", button)
    ActionChains(browser.driver).send_keys(Keys.ENTER).perform()
    browser.left(before)
    assert browser.one("main h1").text == "Löschnachweis"
    assert "browser-operator" in browser.says()
    assert "browser-reviewer" in browser.says()
    assert "brows00002" not in browser.says()
    assert browser.violations() == []
    browser.open("/console/subjects")
    assert "Nichts wartet." in browser.says()
    assert "Brief vom 20.11.2026" in browser.says()


def test_hostile_words_stay_words(browser: Browser) -> None:
    """A reason that looks like a script is read aloud, and never run."""
    with_order(browser, "brows00003")
    reason = "<img src=x onerror=alert(1)>"
    erased = forget.erase(browser.place.services.store, "default", OPERATOR, "brows00003", reason)
    browser.sign_in(Office.REVIEWER)
    browser.open(f"/console/erasures/{erased.entry_id}")
    assert reason in browser.says()
    assert browser.all("main img") == []
