"""Every example of "Integrate in an afternoon" works as printed, one after the other."""

import html
import json
import os
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from werkzeug.test import Client as WebClient

from gateway.app import create_app
from gateway.client import Released
from gateway.handover import carrier_key
from gateway.handover.keys import carrier_keys
from gateway.handover.letter import sealed_file
from gateway.handover.outbound import Outbound
from gateway.handover.push import Pusher
from gateway.usecases import register
from gateway.usecases.actors import OPERATOR
from gateway.usecases.services import Services
from tests.builders import order_number
from tests.client.conftest import assigned, listening, log_key
from tests.conftest import Clock, Template, a_carrier
from tests.handover.receiver import Receiver, Said

_BLOCK = re.compile(
    r'<pre class="(sh|py)">(.*?)</pre>(?:\s*<pre class="said">(.*?)</pre>)?', re.DOTALL
)
WAITING = ("bagm62dvgp", order_number(1))
LATER = order_number(2)


class Reader:
    """Who reads the page, with a gateway, a token and a folder of their own."""

    def __init__(
        self, services: Services, template: Template, receiver: Receiver, folder: Path
    ) -> None:
        self.services = services
        self.receiver = receiver
        self.folder = folder
        self.token = template.tokens["dachser"]
        self.merchant = template.tokens["merchant"]
        self.template = template
        receiver.answer = lambda _: Said(201, body=json.dumps({"id": "T-1"}).encode())
        file = services.credentials
        carrier_key.keep(file, services.store, OPERATOR, "default", "dachser", "Key-0815")

    def registered(self, **terms: Any) -> None:
        """Dachser takes order documents at the server of this test, and pushes where told."""
        now = self.services.store.clock()
        usual = {"order_profile": "dachser", "order_endpoint": self.receiver.url("/orders")}
        validity = {"valid_from": now - timedelta(1), "valid_until": now + timedelta(9)}
        dachser = a_carrier("dachser", **usual, **validity, **terms)
        register.apply(self.services.store, "default", OPERATOR, [dachser])

    def environment(self, address: str) -> dict[str, str]:
        """What the page takes from the environment."""
        now = self.services.store.clock()
        keys = carrier_keys(self.services.keyring, "default", "dachser", now)
        return {
            "GATEWAY": address,
            "TOKEN": self.token,
            "MERCHANT": self.merchant,
            "SECRET": keys.shown_secret(),
            "PUBLIC_KEY": keys.shown_public_key(),
            "LOG_KEY": log_key(self.services),
            "GATEWAY_DATA": str(self.services.settings.data),
            "GATEWAY_DATABASE": self.services.settings.database_url,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }

    def serve(self, text: str, names: dict[str, Any]) -> None:
        """The page's own server, at a port that is free, as the operator registers it."""
        made = text.replace("8443", "0").removesuffix("server.serve_forever()")
        assert made.count("server") < text.count("server")
        exec(compile(made, "page", "exec"), names)
        self.server = names["server"]
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        endpoint = f"https://localhost:{self.server.server_port}/"
        pem = (self.folder / "carrier.pub.pem").read_text()
        self.registered(endpoint=endpoint, public_key=pem)

    def push(self, kept: dict[str, Released]) -> None:
        """Through it a contact arrives."""
        assigned(self.services, self.template, [LATER])
        trust = ssl.create_default_context(cafile=self.folder / "tls.pem")
        pusher = Pusher.over(self.services, Outbound(trust, unsafe_allow_loopback=True))
        while pusher():
            pass
        self.server.shutdown()
        self.server.server_close()
        [released] = kept.values()
        assert released.contact.phone == "+493023125001"

    def write_file(self) -> None:
        """A file as the operator exports it."""
        now = self.services.store.clock()
        keys = carrier_keys(self.services.keyring, "default", "dachser", now)
        pem = (self.folder / "carrier.pub.pem").read_text()
        letter = sealed_file(b"a,b\r\n", "text/csv", keys.senders[-1], pem)
        (self.folder / "contacts.jwe").write_text(letter)


@pytest.fixture
def reader(
    services: Services,
    clock: Clock,
    template: Template,
    receiver: Receiver,
    tmp_path: Path,
) -> Reader:
    """A reader of today: what comes signed is compared with the time of day."""
    clock.time = datetime.now(UTC)
    reader = Reader(services, template, receiver, tmp_path)
    reader.registered()
    assigned(services, template, WAITING)
    return reader


def blocks(page: str) -> Iterator[tuple[str, str, str | None]]:
    """The page's examples: language, text, and what is printed below."""
    for kind, text, said in _BLOCK.findall(page):
        yield kind, html.unescape(text), html.unescape(said) if said else None


def test_every_example_works_as_printed(
    reader: Reader, outbound: Outbound, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each prints what stands below it, where … stands for anything."""
    app = create_app(reader.services, outbound)
    page = WebClient(app).get("/docs/integrate").text
    ran = {"sh": 0, "py": 0}
    with listening(app) as address:
        environment = reader.environment(address)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(reader.folder)
        above: dict[str, Any] = {}
        for kind, text, said in blocks(page):
            clock.time = datetime.now(UTC)
            if "open_file" in text:
                reader.write_file()
            if "serve_forever" in text:
                reader.serve(text, above)
                printed = ""
            elif kind == "sh":
                printed = _shell(text, reader.folder)
            else:
                printed, above = _python(text)
            if said is not None:
                pattern = ".*?".join(map(re.escape, said.strip().split("…")))
                assert re.match(pattern, printed, re.DOTALL), (text, printed)
            if "clients create" in text:
                monkeypatch.setenv("CLIENT", printed.split()[1])
            if "carriers check" in text:
                reader.push(above["kept"])
            ran[kind] += 1
    assert ran == {"sh": 12, "py": 8}


def _shell(text: str, folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-euc", text],
        env=dict(os.environ),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, (text, done.stderr, done.stdout)
    return done.stdout


def _python(text: str) -> tuple[str, dict[str, Any]]:
    """What it prints, and the names that it leaves to the lines below it."""
    printed: list[str] = []
    names: dict[str, Any] = {"print": lambda *words: printed.append(" ".join(map(str, words)))}
    exec(compile(text, "page", "exec"), names)
    return "\n".join(printed), names


def test_the_page_needs_neither_network_nor_scripts(reader: Reader) -> None:
    """Its style sheet is the documentation's, and its links within lead somewhere."""
    page = WebClient(create_app(reader.services)).get("/docs/integrate").text
    assert "<script" not in page
    inner = set(re.findall(r'href="#([a-z]+)"', page))
    assert inner <= set(re.findall(r'id="([a-z]+)"', page))
