"""The page of one's own account: password, authenticator, passkeys, recovery codes, sessions.

Whoever changes what opens an account must just have signed in.
"""

from collections.abc import Callable, Mapping

import segno
from markupsafe import Markup

from gateway.console.page import SIGNED_IN, Data, Go, Html, Reply, Visit, page
from gateway.errors import InvalidInput, NotFound
from gateway.usecases.people import factors, passkeys, signin


@page("GET", "/account", access=SIGNED_IN, name="account")
def account(visit: Visit) -> Reply:
    """What is set up, and how to set up the rest."""
    return _shown(visit)


@page("POST", "/account/password", access=SIGNED_IN, name="account_password")
def account_password(visit: Visit) -> Reply:
    """Sets or changes the password; other browsers are signed out."""
    return _changed(visit, "password", _set_password)


@page("POST", "/account/authenticator", access=SIGNED_IN, name="account_authenticator")
def account_authenticator(visit: Visit) -> Reply:
    """Sets or changes the authenticator; other browsers are signed out."""
    return _changed(visit, "authenticator", _set_authenticator)


@page("POST", "/account/codes", access=SIGNED_IN, name="account_codes")
def account_codes(visit: Visit) -> Reply:
    """Makes recovery codes and shows them this once."""
    if not _is_fresh(visit):
        return _stale()
    codes = factors.new_codes(visit.services.store, visit.account)
    return Html(template="codes.html", values={"codes": codes})


@page("POST", "/account/passkeys/options", access=SIGNED_IN, name="account_passkey_options")
def account_passkey_options(visit: Visit) -> Reply:
    """What the browser needs to make a passkey."""
    store = visit.services.store
    return Data(value=passkeys.registration(store, visit.party, visit.account, visit.browser))


@page("POST", "/account/passkeys", access=SIGNED_IN, name="account_passkey_add")
def account_passkey_add(visit: Visit) -> Reply:
    """Keeps the passkey that the browser made."""
    return _changed(visit, "passkey", _add_passkey)


@page("POST", "/account/passkeys/remove", access=SIGNED_IN, name="account_passkey_remove")
def account_passkey_remove(visit: Visit) -> Reply:
    """Forgets a passkey."""
    return _changed(visit, "passkey_removed", _remove_passkey)


@page("POST", "/account/sessions/end", access=SIGNED_IN, name="account_sessions_end")
def account_sessions_end(visit: Visit) -> Reply:
    """Signs all other browsers out."""
    signin.sign_out_elsewhere(visit.services.store, visit.account, visit.browser)
    return Go(page="account", values={"done": "sessions"})


def _set_password(visit: Visit) -> None:
    if visit.form.get("password") != visit.form.get("repeated"):
        raise InvalidInput({"repeated": ["mismatch"]})
    factors.set_password(visit.services.store, visit.account, visit.form.get("password", ""))
    signin.sign_out_elsewhere(visit.services.store, visit.account, visit.browser)


def _set_authenticator(visit: Visit) -> None:
    factors.set_authenticator(
        visit.services.store,
        visit.desk.seals,
        visit.account,
        visit.form.get("seed", ""),
        visit.form.get("code", ""),
    )
    signin.sign_out_elsewhere(visit.services.store, visit.account, visit.browser)


def _add_passkey(visit: Visit) -> None:
    passkeys.register(
        visit.services.store,
        visit.party,
        visit.account,
        visit.browser,
        visit.form.get("credential", ""),
        visit.form.get("label", ""),
    )


def _remove_passkey(visit: Visit) -> None:
    try:
        credential_id = bytes.fromhex(visit.form.get("passkey", ""))
    except ValueError:
        credential_id = b""
    if not passkeys.remove(visit.services.store, visit.account, credential_id):
        raise NotFound("passkey")


def _changed(visit: Visit, done: str, change: Callable[[Visit], None]) -> Reply:
    if not _is_fresh(visit):
        return _stale()
    try:
        change(visit)
    except InvalidInput as fault:
        return _shown(visit, fault.errors)
    return Go(page="account", values={"done": done})


def _is_fresh(visit: Visit) -> bool:
    return signin.is_fresh(visit.session, visit.services.store.clock())


def _stale() -> Reply:
    return Html(template="stale.html", status=403)


def _shown(visit: Visit, errors: Mapping[str, list[str]] | None = None) -> Html:
    store = visit.services.store
    found = factors.of(store, visit.account)
    seed = visit.form.get("seed", "") or factors.new_seed(store.entropy)
    issuer = str(visit.words("site.name"))
    return Html(
        template="account.html",
        values={
            "done": visit.query.get("done", ""),
            "factors": found,
            "fresh": _is_fresh(visit),
            "seed": seed,
            "picture": _picture(factors.seed_address(seed, visit.account, issuer)),
            "errors": {name: texts[0] for name, texts in (errors or {}).items()},
            "host": visit.party.host,
        },
        status=422 if errors else 200,
    )


def _picture(address: str) -> Markup:
    """The address as a QR code; the drawing is made here, of nothing but squares."""
    drawing = segno.make(address, micro=False).svg_inline(
        scale=4, border=0, omitsize=True, svgclass=None, lineclass=None
    )
    return Markup(drawing)  # noqa: S704  segno's own drawing
