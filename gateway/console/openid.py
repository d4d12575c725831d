"""The way to the house's own sign-in and back; what comes back is believed only after it was checked."""

from flask import request

from gateway.console import addresses
from gateway.console.page import Again, Anyone, Cookie, Go, Html, Leave, Reply, Visit, home, page
from gateway.errors import NotFound, Unavailable
from gateway.usecases.people.openid import Provider
from gateway.usecases.people.signin import NotLetIn

_SIGN_IN = Anyone("it is where people sign in")
_WHY = {
    NotLetIn.UNKNOWN: "sign_in.openid_failed",
    NotLetIn.OTHER_PERSON: "sign_in.openid_other",
}


@page("GET", "/sign-in/openid", access=_SIGN_IN, name="sign_in_openid", costly=True)
def sign_in_openid(visit: Visit) -> Reply:
    """Off to the provider."""
    try:
        return Leave(address=_provider(visit).begin(visit.browser, _callback(visit)))
    except Unavailable:
        return _failed("sign_in.openid_down", 503)


@page("GET", "/sign-in/openid/back", access=_SIGN_IN, name="sign_in_openid_back", costly=True)
def sign_in_openid_back(visit: Visit) -> Reply:
    """Back from the provider, who said who it is, or that it is nobody."""
    provider = _provider(visit)
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        # Browsers keep the cookie back that ties this answer to them; not when this page leads on.
        return Again(address=addresses.own())
    try:
        found = provider.finish(visit.browser, _callback(visit), visit.query)
    except Unavailable:
        return _failed("sign_in.openid_down", 503)
    if isinstance(found, NotLetIn):
        return _failed(_WHY[found], 403)
    return Go(page=home(found.account), cookie=Cookie(found.token))


def _provider(visit: Visit) -> Provider:
    if visit.desk.provider is None:
        raise NotFound("openid")
    return visit.desk.provider


def _callback(visit: Visit) -> str:
    return f"{visit.party.origin}/console/sign-in/openid/back"


def _failed(why: str, status: int) -> Html:
    values = {"next": "", "name": "", "failed": False, "openid_trouble": why}
    return Html(template="sign_in.html", values=values, status=status)
