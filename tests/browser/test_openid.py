"""Sign-in through the house's own provider in a real browser, which keeps cookies back from other sites."""

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.support.wait import WebDriverWait
from werkzeug.serving import make_server

from gateway.app import assemble, create_app
from gateway.model.account import Office
from gateway.settings import load
from gateway.usecases.people import accounts
from tests.browser.conftest import DESKTOP, Browser, Place
from tests.conftest import Clock, Template
from tests.console.provider import CLIENT_ID, SECRET, served

EMAIL = "dpo@example.org"


@pytest.fixture
def at_home(chromium: Chrome, axe: str, template: Template, tmp_path: Path) -> Iterator[Browser]:
    """The browser before a gateway that sends people to a provider on another site."""
    clock = Clock()
    data = Path(shutil.copytree(template.data, tmp_path / "data"))
    (tmp_path / "secret").write_text(SECRET)
    with served(lambda: clock().timestamp()) as provider:
        provider.claims = {"email": EMAIL}
        told = {
            "GATEWAY_DATA": str(data),
            "GATEWAY_OPENID__ISSUER": provider.issuer,
            "GATEWAY_OPENID__CLIENT_ID": CLIENT_ID,
            "GATEWAY_OPENID__CLIENT_SECRET_FILE": str(tmp_path / "secret"),
        }
        services = assemble(load(told), clock, os.urandom)
        accounts.create(services.store, "default", EMAIL, Office.REVIEWER)
        server = make_server("127.0.0.1", 0, create_app(services), threaded=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        place = Place(f"http://localhost:{server.port}", services, clock)
        made = Browser(chromium, place, axe)
        made.size(DESKTOP)
        yield made
        server.shutdown()
        thread.join()
        server.server_close()
        services.store.database.engine.dispose()


def test_the_house_signs_one_in(at_home: Browser) -> None:
    """One click, to another site and back, and the overview is there; without a barrier on the way."""
    at_home.open("/console/sign-in")
    assert at_home.violations() == []
    at_home.go(at_home.link("Mit dem Firmenkonto anmelden"))
    waiting = WebDriverWait(at_home.driver, 10, ignored_exceptions=[StaleElementReferenceException])
    waiting.until(lambda _: at_home.one("main h1").text == "Überblick")
    assert at_home.one(".who a").text == EMAIL
    assert at_home.complaints() == []
