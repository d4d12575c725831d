"""What an endpoint is: one declaration, from which routing, access, parsing and OpenAPI all follow."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import IO, Any

from marshmallow import Schema
from werkzeug.datastructures import MultiDict

from gateway.api.metrics import Metrics
from gateway.api.problems import Kind, Problem
from gateway.model.client import Client
from gateway.storage.answers import Repeatable
from gateway.usecases.oauth.possession import Shown
from gateway.usecases.services import Services
from policies.question import Role

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

EVERY_ROLE = frozenset(Role)
"""Whoever has a token."""


@dataclass(frozen=True, slots=True)
class Open:
    """Access without a token; `because` says why nothing that needs protection is behind it."""

    because: str


class Repeats(Enum):
    """What an Idempotency-Key does at an endpoint."""

    # Nothing is changed, or nothing that a repetition could change again.
    IGNORED = "ignored"
    # The edge keeps the answer and gives it again.
    ANSWER_KEPT = "answer kept"
    # The use case keeps what it must not repeat; an answer that holds a contact is never kept.
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Json:
    """A JSON body of this shape, read whole."""

    shape: type[Schema]


@dataclass(frozen=True, slots=True)
class Streamed:
    """A body that the handler reads as it comes; `described` is its JSON schema for the reader."""

    media_types: tuple[str, ...]
    described: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Form:
    """A form, application/x-www-form-urlencoded, that the handler judges itself; `shape` describes it."""

    shape: type[Schema]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Everything by which a request may prove who sends it; `issuer` is our own name for its sender.

    `issuer` is None where none is configured and the request did not come to this machine's own name.
    """

    authorization: str | None
    shown: Shown
    issuer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, authenticated, within its limits and of the declared shape.

    `credentials`, `form`, `count` and `peer` are for endpoints that judge them themselves. `count`
    counts a request of a client, or with None a failed authentication, and stops what is too much.
    `peer` is None when the request was forwarded, because then the address is a proxy's.
    """

    request_id: str
    metrics: Metrics
    caller: Client | None
    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, Any]
    stream: IO[bytes]
    repeat_key: str | None
    repeatable: Repeatable | None
    form: "MultiDict[str, str]"
    credentials: Credentials
    count: Callable[[Client | None], None]
    peer: str | None

    @property
    def client(self) -> Client:
        """Who calls; only endpoints without authentication have nobody."""
        if self.caller is None:
            raise RuntimeError("an endpoint without authentication has no client")
        return self.caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A JSON answer: only what the declared shape of its status names goes out."""

    body: Mapping[str, Any]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An answer that is no JSON of ours; `style` permits a page to load its style sheet."""

    content: str | bytes
    media_type: str
    cache_control: str = "no-cache"
    style: bool = False


Handler = Callable[[Services, Call], Answer | Problem | Page]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A declared endpoint; `path` is written as Flask writes rules, `problems` beside the usual ones."""

    method: str
    path: str
    access: frozenset[Role] | Open
    summary: str
    handler: Handler
    about: str = ""
    body: Json | Streamed | Form | None = None
    query: type[Schema] | None = None
    answers: Mapping[int, type[Schema] | str] = field(default_factory=dict)
    problems: tuple[Kind, ...] = ()
    repeats: Repeats = Repeats.IGNORED
    # The answer has an ETag, and its reader may ask whether it still stands; never one with a contact.
    conditional: bool = False
    # What every part of the path must look like, before anything is looked up.
    path_form: re.Pattern[str] = _NAME

    @property
    def name(self) -> str:
        """Its name among Flask's endpoints."""
        return f"{self.method} {self.path}"


def endpoint(
    method: str, path: str, *, access: frozenset[Role] | Open, summary: str, **declared: Any
) -> Callable[[Handler], Endpoint]:
    """Makes the function below it the handler of an endpoint; registers nothing."""

    def declare(handler: Handler) -> Endpoint:
        return Endpoint(
            method=method, path=path, access=access, summary=summary, handler=handler, **declared
        )

    return declare


def only(*roles: Role) -> frozenset[Role]:
    """Access for these roles."""
    return frozenset(roles)
