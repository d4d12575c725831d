"""A reviewer's browser: it signs in once by a link, then asks for pages and says how long each took."""

import re
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from statistics import quantiles
from urllib.parse import urlencode

from tests.benchmarks.row import Figures

_TURNS = 4
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Reader:
    """A browser that is signed in; a page that is not there, or fails, is a RuntimeError."""

    port: int
    cookie: str
    form_token: str

    def get(self, path: str) -> str:
        """The page at an address."""
        return self._sent("GET", path, None)

    def post(self, path: str, **form: str) -> str:
        """The page that comes of a form."""
        return self._sent("POST", path, urlencode({"form_token": self.form_token, **form}))

    def _sent(self, method: str, path: str, body: str | None) -> str:
        headers = {"Cookie": self.cookie}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=_SECONDS)) as connection:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            page = answer.read().decode()
            if answer.status != 200:
                raise RuntimeError(f"{path}: {answer.status}")
            return page


Ask = Callable[[Reader], str]


def signed_in(port: int, link: str) -> Reader:
    """Follows a one-time link as a browser does."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=_SECONDS)) as connection:
        connection.request("GET", f"/console/link/{link}")
        answer = connection.getresponse()
        cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
        body = urlencode({"form_token": _form_token(answer.read().decode())})
        form = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", f"/console/link/{link}", body, form)
        answer = connection.getresponse()
        answer.read()
        cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
    reader = Reader(port, cookie, "")
    return Reader(port, cookie, _form_token(reader.get("/console/reports")))


def took(reader: Reader, asks: Sequence[Ask], seconds: float) -> Figures:
    """Milliseconds of each answer, its last byte included, all asks in turn."""
    found: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end or len(found) < _TURNS * len(asks):
        for ask in asks:
            began = time.perf_counter()
            ask(reader)
            found.append((time.perf_counter() - began) * 1000)
    cuts = quantiles(found, n=20)
    return {"p50_ms": cuts[9], "p95_ms": cuts[18]}


def page(path: str) -> Ask:
    """Asks for one address."""
    return lambda reader: reader.get(path)


def _form_token(html: str) -> str:
    found = re.search(r'name="form_token" value="(\w+)"', html)
    return found[1] if found else ""
