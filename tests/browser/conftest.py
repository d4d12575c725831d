"""A real Chromium before a real server; one of each for all tests of a session."""

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait
from werkzeug.serving import make_server

from gateway.app import assemble, create_app
from gateway.errors import Conflict
from gateway.model.account import Account, Office
from gateway.settings import load
from gateway.usecases import publishing
from gateway.usecases.people import accounts
from gateway.usecases.services import Services
from tests.conftest import Clock, Template
from tests.npm import installed
from tests.stricter import Stricter

_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--force-color-profile=srgb", "--hide-scrollbars", "--accept-lang=de-DE"),
)
_AXE = "4.14.1"
_SECONDS = 10
DESKTOP, PHONE = (1280, 900), (390, 844)


@dataclass
class Place:
    """A gateway that is served, with a hand on its clock and its use cases."""

    address: str
    services: Services
    clock: Clock

    def account(self, office: Office) -> Account:
        """The account of this office, which is made at first use."""
        store, name = self.services.store, f"browser-{office.value}"
        try:
            carrier_id = "dachser" if office is Office.CARRIER else None
            return accounts.create(store, "default", name, office, carrier_id)
        except Conflict:
            return accounts.find(store, "default", name)


class Browser:
    """Chromium, with what the tests do over and over."""

    def __init__(self, driver: Chrome, place: Place, axe: str) -> None:
        self.driver = driver
        self.place = place
        self._axe = axe

    def open(self, path: str) -> None:
        """Go to a page of the console, and see that it is one."""
        self.driver.get(self.place.address + path)
        assert self.one("main h1").text

    def sign_in(self, office: Office) -> Account:
        """By a link, as a person would."""
        account = self.place.account(office)
        token = accounts.link(self.place.services.store, account)
        self.open(f"/console/link/{token}")
        self.go(self.one("main button"))
        return account

    def one(self, css: str) -> WebElement:
        """The first element; waits a little for it."""
        waiting = WebDriverWait(self.driver, _SECONDS)
        found: WebElement = waiting.until(lambda it: it.find_element(By.CSS_SELECTOR, css))
        return found

    def all(self, css: str) -> list[WebElement]:
        """Every element."""
        return list(self.driver.find_elements(By.CSS_SELECTOR, css))

    def labelled(self, text: str) -> WebElement:
        """The field that has this label."""
        path = f"//label[normalize-space()={_quoted(text)}]"
        label = self.driver.find_element(By.XPATH, path)
        return self.driver.find_element(By.ID, label.get_attribute("for") or "")

    def button(self, text: str) -> WebElement:
        """The button that says this."""
        path = f"//button[starts-with(normalize-space(), {_quoted(text)})]"
        found: WebElement = self.driver.find_element(By.XPATH, path)
        return found

    def link(self, text: str) -> WebElement:
        """The link that says this."""
        return self.driver.find_element(By.LINK_TEXT, text)

    def go(self, element: WebElement) -> None:
        """Click, and wait until another page is there."""
        before = self.one("html")
        element.click()
        self.left(before)

    def left(self, before: WebElement) -> None:
        """Wait until the page with this root element is gone and the next one is read."""
        waiting = WebDriverWait(self.driver, _SECONDS)
        waiting.until(lambda it: it.find_element(By.CSS_SELECTOR, "html").id != before.id)
        waiting.until(lambda it: it.execute_script("return document.readyState") == "complete")

    def says(self) -> str:
        """All that the page says to whoever sees it."""
        return self.one("main").text

    def violations(self) -> list[str]:
        """What axe-core holds against the page as it stands."""
        self.driver.execute_script(self._axe)
        found = self.driver.execute_async_script(
            "const done = arguments[0];"
            "axe.run(document, {resultTypes: ['violations']}).then(r => done(r.violations))"
        )
        return [
            f"{one['id']}: {node['html']} {node['failureSummary']}"
            for one in found
            for node in one["nodes"]
        ]

    def is_wider_than_the_window(self) -> bool:
        """Whether it must be scrolled sideways."""
        root = "document.documentElement"
        found: bool = self.driver.execute_script(f"return {root}.scrollWidth > {root}.clientWidth")
        return found

    def complaints(self) -> list[str]:
        """What the browser wrote to its console since it was last asked: errors, blocked content."""
        return [one["message"] for one in self.driver.get_log("browser")]

    @contextmanager
    def dark(self) -> Iterator[None]:
        """For a reader who prefers dark."""
        self._prefer("dark")
        try:
            yield
        finally:
            self._prefer("light")

    def size(self, size: tuple[int, int]) -> None:
        """Another window."""
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def _prefer(self, scheme: str) -> None:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def _quoted(text: str) -> str:
    """A text in XPath."""
    return json.dumps(text, ensure_ascii=False)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """Debian's Chromium."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("chromium and chromium-driver are not installed")
    options = ChromeOptions()
    options.binary_location = binary
    for flag in (*_FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with Chrome(options=options, service=Service(driver)) as started:
        yield started


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core."""
    home = tmp_path_factory.mktemp("axe")
    return (installed("axe-core", _AXE, home) / "axe.min.js").read_text("utf-8")


@pytest.fixture(scope="session")
def place(
    template: Template, stricter: Stricter, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """A gateway of this session's own, served from a thread; new rules are installed, and wait."""
    data = Path(shutil.copytree(template.data, tmp_path_factory.mktemp("place") / "data"))
    clock = Clock()
    services = stricter.upgraded(assemble(load({"GATEWAY_DATA": str(data)}), clock, os.urandom))
    publishing.propose(services.rulebook, None)
    server = make_server("127.0.0.1", 0, create_app(services), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield Place(f"http://localhost:{server.port}", services, clock)
    server.shutdown()
    thread.join()
    server.server_close()
    services.store.database.engine.dispose()


@pytest.fixture
def browser(chromium: Chrome, place: Place, axe: str) -> Iterator[Browser]:
    """The browser, signed in to nothing, with nothing held against it afterwards."""
    chromium.get(place.address + "/console/sign-in")
    chromium.delete_all_cookies()
    made = Browser(chromium, place, axe)
    made.size(DESKTOP)
    made.complaints()
    yield made
    assert made.complaints() == []


@pytest.fixture
def authenticator(browser: Browser) -> Iterator[Callable[[bool], None]]:
    """A passkey device of this browser; calling it says whether its owner is recognised."""
    driver: Any = browser.driver
    driver.execute_cdp_cmd("WebAuthn.enable", {})
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = driver.execute_cdp_cmd("WebAuthn.addVirtualAuthenticator", {"options": options})
    name = {"authenticatorId": made["authenticatorId"]}

    def recognised(verified: bool) -> None:
        driver.execute_cdp_cmd("WebAuthn.setUserVerified", {**name, "isUserVerified": verified})

    yield recognised
    driver.execute_cdp_cmd("WebAuthn.removeVirtualAuthenticator", name)
    driver.execute_cdp_cmd("WebAuthn.disable", {})
