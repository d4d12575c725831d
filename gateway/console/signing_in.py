"""The pages through which people come in and go out; none of them tells who has an account."""

from gateway.console import addresses, assets
from gateway.console.page import (
    SIGNED_IN,
    Anyone,
    Cookie,
    Data,
    Go,
    Html,
    Reply,
    Static,
    Visit,
    home,
    page,
)
from gateway.console.words import Language
from gateway.errors import NotFound
from gateway.usecases.people import passkeys, signin
from gateway.usecases.people.signin import SignedIn

_SIGN_IN = Anyone("it is where people sign in")
_PUBLIC = Anyone("it is the same for everybody, and tells of nobody")


@page("GET", "/sign-in", access=_SIGN_IN, name="sign_in")
def sign_in(visit: Visit) -> Reply:
    """The form; whoever is signed in has no need of it."""
    if visit.visitor is not None:
        return Go(page=visit.home)
    return _form(visit, visit.query.get("next", ""))


@page("POST", "/sign-in", access=_SIGN_IN, name="sign_in_post")
def sign_in_post(visit: Visit) -> Reply:
    """With password and code."""
    form = visit.form
    found = signin.by_password(
        visit.services.store,
        visit.desk.seals,
        form.get("name", ""),
        form.get("password", ""),
        form.get("code", ""),
    )
    return _come_in(visit, found)


@page("POST", "/sign-in/passkey/options", access=_SIGN_IN, name="sign_in_passkey_options")
def sign_in_passkey_options(visit: Visit) -> Reply:
    """What the browser asks its passkeys."""
    store = visit.services.store
    return Data(value=passkeys.sign_in_options(store, visit.party, visit.browser))


@page("POST", "/sign-in/passkey", access=_SIGN_IN, name="sign_in_passkey")
def sign_in_passkey(visit: Visit) -> Reply:
    """With a passkey."""
    answer = visit.form.get("credential", "")
    found = passkeys.sign_in(visit.services.store, visit.party, visit.browser, answer)
    return _come_in(visit, found)


@page("GET", "/link/<token>", access=_SIGN_IN, name="link")
def link(visit: Visit) -> Reply:
    """Asks first: programs that look at links in mails must not use them up."""
    waits = signin.link_waits(visit.services.store, visit.path["token"])
    return Html(template="link.html", values={"waits": waits}, status=200 if waits else 410)


@page("POST", "/link/<token>", access=_SIGN_IN, name="link_post")
def link_post(visit: Visit) -> Reply:
    """Uses the link up."""
    found = signin.by_link(visit.services.store, visit.path["token"])
    if found is None:
        return Html(template="link.html", values={"waits": False}, status=410)
    return Go(page=home(found.account), cookie=Cookie(found.token))


@page("POST", "/sign-out", access=SIGNED_IN, name="sign_out")
def sign_out(visit: Visit) -> Reply:
    """Ends the session."""
    signin.sign_out(visit.services.store, visit.browser)
    return Go(page="sign_in", cookie=Cookie(None))


@page("POST", "/language", access=_PUBLIC, name="language")
def language(visit: Visit) -> Reply:
    """The reader's choice, and back to where they were."""
    chosen = visit.form.get("language", "")
    back = addresses.checked(visit.form.get("next", ""))
    return Go(page=visit.home, address=back, language=chosen if chosen in set(Language) else None)


@page("GET", "/assets/<version>/<name>", access=_PUBLIC, name="asset")
def asset(visit: Visit) -> Reply:
    """A style sheet, the script, the icon."""
    found = assets.loaded().get(visit.path["name"])
    if found is None or found.version != visit.path["version"]:
        raise NotFound(visit.path["name"])
    return Static(media_type=found.media_type, content=found.content)


def _come_in(visit: Visit, found: SignedIn | None) -> Reply:
    next_ = visit.form.get("next", "")
    if found is None:
        return _form(visit, next_, failed=True)
    address = addresses.checked(next_)
    return Go(page=home(found.account), address=address, cookie=Cookie(found.token))


def _form(visit: Visit, next_: str, *, failed: bool = False) -> Html:
    return Html(
        template="sign_in.html",
        values={
            "next": addresses.checked(next_) or "",
            "name": visit.form.get("name", ""),
            "failed": failed,
            "openid_trouble": "",
        },
        status=403 if failed else 200,
    )
