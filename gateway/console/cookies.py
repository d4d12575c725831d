"""The console's cookies: who is signed in, whose form it is, which language; nothing is readable in them."""

import hashlib
import hmac
import re
from dataclasses import dataclass

from flask import Request, Response

from gateway.console.words import Language

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_LANGUAGE = "console_language"
_YEAR = 365 * 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Jar:
    """The cookies under one address; over https they are bound to the host and to encryption."""

    secure: bool

    def session(self, request: Request) -> str | None:
        """The secret of a signed-in browser."""
        return self._read(request, "console")

    def stranger(self, request: Request) -> str | None:
        """The secret of a browser that is not signed in; it only ties a form to a browser."""
        return self._read(request, "console_form")

    def language(self, request: Request) -> str | None:
        """What the reader chose."""
        return request.cookies.get(_LANGUAGE)

    def keep_session(self, response: Response, token: str) -> None:
        """From now on this browser is signed in, until it is closed."""
        self._write(response, "console", token)

    def keep_stranger(self, response: Response, token: str) -> None:
        """From now on forms of this browser are known."""
        self._write(response, "console_form", token)

    def keep_language(self, response: Response, language: Language) -> None:
        """Remember the choice for a year."""
        response.set_cookie(
            _LANGUAGE,
            language.value,
            max_age=_YEAR,
            path="/console",
            secure=self.secure,
            httponly=True,
            samesite="Strict",
        )

    def forget_session(self, response: Response) -> None:
        """Nobody is signed in any more."""
        response.delete_cookie(
            self._name("console"), path=self._path, secure=self.secure, samesite="Strict"
        )

    def _read(self, request: Request, name: str) -> str | None:
        secret = request.cookies.get(self._name(name), "")
        return secret if _SECRET.fullmatch(secret) else None

    def _write(self, response: Response, name: str, value: str) -> None:
        response.set_cookie(
            self._name(name),
            value,
            path=self._path,
            secure=self.secure,
            httponly=True,
            samesite="Strict",
        )

    def _name(self, name: str) -> str:
        # The prefix makes browsers refuse such a cookie from another host or without encryption.
        return f"__Host-{name}" if self.secure else name

    @property
    def _path(self) -> str:
        return "/" if self.secure else "/console"


def form_token(browser: str) -> str:
    """What every form of this browser carries, and no other site can know."""
    return hmac.digest(browser.encode(), b"form", hashlib.sha256).hex()


def is_form_token(browser: str, given: str) -> bool:
    """Whether a form came from a page that was made for this browser."""
    return hmac.compare_digest(form_token(browser).encode(), given.encode())
