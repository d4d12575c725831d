"""What a page is: one declaration, from which routing, access and every check before it follow."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from gateway.console.words import Words
from gateway.model.account import Account, Office, Session
from gateway.usecases.people.openid import Provider
from gateway.usecases.people.passkeys import Party
from gateway.usecases.services import Services
from gateway.vault.seals import Seals

SIGNED_IN = frozenset(Office)
"""Whoever is signed in, a carrier's dispatcher too."""

REVIEWER = frozenset({Office.REVIEWER})
OPERATOR = frozenset({Office.OPERATOR})
CARRIER = frozenset({Office.CARRIER})
EVERY_OFFICE = REVIEWER | OPERATOR
"""Whoever belongs to the merchant's own house."""


def home(account: Account | None) -> str:
    """The name of the page that whoever signed in begins at."""
    carrier = account is not None and account.office is Office.CARRIER
    return "deliveries" if carrier else "overview"


@dataclass(frozen=True, slots=True)
class Anyone:
    """A page without sign-in; `because` says why nothing that needs protection is behind it."""

    because: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What all visits of one worker share."""

    services: Services
    seals: Seals
    provider: Provider | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request that passed every check; `browser` is the secret of its cookie."""

    desk: Desk
    words: Words
    party: Party
    request_id: str
    browser: str
    visitor: Session | None
    place: str
    path: Mapping[str, str]
    query: "MultiDict[str, str]"
    form: "MultiDict[str, str]"

    @property
    def session(self) -> Session:
        """Who is signed in; only pages for anyone have nobody."""
        if self.visitor is None:
            raise RuntimeError("a page for anyone has no session")
        return self.visitor

    @property
    def account(self) -> Account:
        """Whose session it is."""
        return self.session.account

    @property
    def merchant(self) -> str:
        """Whose data may be shown."""
        return self.session.account.merchant

    @property
    def home(self) -> str:
        """The name of the page that its visitor begins at."""
        return home(self.visitor.account if self.visitor else None)

    @property
    def services(self) -> Services:
        """The use cases."""
        return self.desk.services


@dataclass(frozen=True, slots=True)
class Cookie:
    """What becomes of the session's cookie: a new token, or None to forget it."""

    token: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Html:
    """A page to show."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """On to another page; `address` is one that was checked to be the console's own."""

    page: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    address: str | None = None
    cookie: Cookie | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file to save."""

    name: str
    media_type: str
    content: bytes | Iterable[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """An answer to the console's own script."""

    value: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Static:
    """A file that never changes under its address, and holds nothing of anybody."""

    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """The same address once more, from here: browsers then send the cookies that they kept back."""

    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """On to the provider that people sign in at; the one way out of the console."""

    address: str


Reply = Html | Go | Again | Leave | File | Data | Static
Handler = Callable[[Visit], Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A declared page; `path` is written as Flask writes rules, without the console's own prefix.

    `place` is the area that it belongs to: the name of the page that leads it. Those pages are the
    navigation, in the order of `routes.pages`, each for its offices; the text `place.<name>` is
    its title. What strangers ask of a `costly` page in a minute is counted, as their forms are.
    """

    name: str
    method: str
    path: str
    access: frozenset[Office] | Anyone
    place: str
    handler: Handler
    costly: bool = False

    @property
    def leads(self) -> bool:
        """Whether it stands in the navigation."""
        return self.place == self.name

    def is_for(self, office: Office) -> bool:
        """Whether whoever holds this office may open it."""
        return isinstance(self.access, Anyone) or office in self.access


def page(
    method: str,
    path: str,
    *,
    access: frozenset[Office] | Anyone,
    name: str,
    place: str = "",
    costly: bool = False,
) -> Callable[[Handler], Page]:
    """Makes the function below it the handler of a page; registers nothing."""

    def declare(handler: Handler) -> Page:
        return Page(
            name=name,
            method=method,
            path=path,
            access=access,
            place=place,
            handler=handler,
            costly=costly,
        )

    return declare
