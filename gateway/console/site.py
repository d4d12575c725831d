"""The console as a WSGI application: every visit takes the same steps before a page sees it.

Nothing is reachable that is not a declared page, and no reply leaves by another way than these.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Flask, Response, g, request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from gateway.audit.faults import AuditError
from gateway.console import addresses, replies
from gateway.console.cookies import Jar, is_form_token
from gateway.console.page import Again, Anyone, Desk, Go, Html, Page, Reply, Visit
from gateway.console.replies import Replies
from gateway.console.words import Catalogue, Language, Words, shipped
from gateway.errors import Conflict, Gone, InvalidInput, NotFound, Unavailable
from gateway.model.account import Session
from gateway.model.ids import new_id
from gateway.usecases.people import signin
from gateway.usecases.people.accounts import secret
from gateway.usecases.people.passkeys import Party

_BODY_BYTES = 64 * 1024
_SEGMENT = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_UNSAFE = "POST"
_FORM_POSTS = RateLimitItemPerMinute(30)
"""Forms that strangers send from one address: enough for whoever mistypes, too few to guess."""

_STATUS: Mapping[type[Exception], int] = {
    NotFound: 404,
    Gone: 410,
    Conflict: 409,
    InvalidInput: 422,
    Unavailable: 503,
}


@dataclass(frozen=True, slots=True)
class Site:
    """What all requests of one worker share."""

    desk: Desk
    address: str
    jar: Jar
    catalogue: Catalogue
    zone: ZoneInfo
    replies: Replies
    rates: FixedWindowRateLimiter
    log: Any


def build(desk: Desk, pages: Sequence[Page], log: Any) -> Flask:
    """The application that shows these pages and no others; to be mounted under /console."""
    settings = desk.services.settings.console
    app = Flask("gateway.console", static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.config["MAX_CONTENT_LENGTH"] = _BODY_BYTES
    app.url_map.merge_slashes = False
    jar = Jar(secure=settings.address.startswith("https://"))
    site = Site(
        desk=desk,
        address=settings.address,
        jar=jar,
        catalogue=shipped(),
        zone=settings.time_zone,
        replies=Replies(jar, [one for one in pages if one.leads]),
        rates=FixedWindowRateLimiter(MemoryStorage()),
        log=log,
    )
    app.before_request(_begin(site))
    app.after_request(_finish(site))
    app.register_error_handler(Exception, _fail(site))
    for one in pages:
        app.add_url_rule(
            one.path, endpoint=one.name, view_func=_view(site, one), methods=[one.method]
        )
    return app


# ---- Around every request -------------------------------------------------------------------


def _begin(site: Site) -> Callable[[], Response | None]:
    def begin() -> Response | None:
        g.began = time.perf_counter()
        store = site.desk.services.store
        g.request_id = new_id(store.clock(), store.entropy)
        g.account = None
        g.session = None
        g.words = Words(site.catalogue, _language(site), site.zone)
        g.browser = site.jar.stranger(request)
        if _host() not in _LOOPBACK | {urlsplit(site.address).hostname}:
            # Whoever answers to any name is reached through names that others own.
            return Response("unknown host: see console.address in gateway.toml\n", 421)
        return None

    return begin


def _finish(site: Site) -> Callable[[Response], Response]:
    def finish(response: Response) -> Response:
        replies.protect(response)
        response.headers["X-Request-Id"] = g.request_id
        site.log.info(
            "request",
            request_id=g.request_id,
            method=request.method if request.method in {"GET", "HEAD", "POST"} else "OTHER",
            route=f"/console{request.url_rule.rule}" if request.url_rule else "unmatched",
            status=response.status_code,
            milliseconds=round((time.perf_counter() - g.began) * 1000, 3),
            client=g.account,
        )
        return response

    return finish


def _fail(site: Site) -> Callable[[Exception], Response]:
    """A page that says what happened in general; what in particular, the log tells the operator."""

    def fail(fault: Exception) -> Response:
        if isinstance(fault, HTTPException):
            status = fault.code or 500
            if 300 <= status < 400:
                return Response("", status, {"Location": fault.get_response().headers["Location"]})
        else:
            status = _STATUS.get(type(fault), 500)
        if status >= 500:
            site.log.error("fault", request_id=g.request_id, exc_info=fault)
        known = status if g.words.has(f"fault.{status}.title") else 400 if status < 500 else 500
        what = "log" if isinstance(fault, AuditError) else known
        response = site.replies.render(
            _visit(site, None), Html(template="fault.html", values={"known": what}, status=status)
        )
        if isinstance(fault, MethodNotAllowed):
            response.headers["Allow"] = ", ".join(fault.valid_methods or ())
        return response

    return fail


# ---- One visit ------------------------------------------------------------------------------


def _view(site: Site, page: Page) -> Callable[..., Response]:
    """The steps of a visit, from who comes to the bytes of the reply."""

    def view(**path: str) -> Response:
        store = site.desk.services.store
        # 1. Who comes.
        token = site.jar.session(request)
        g.session = signin.session(store, token) if token else None
        g.account = g.session.account.account_id if g.session else None
        # 2. A form must tie a browser to it before it is shown.
        made = None
        if g.session is not None:
            g.browser = token
        elif g.browser is None:
            g.browser = made = secret(store.entropy)
        # 3. Whether they may be here.
        form = request.form if page.method == _UNSAFE else None
        visit = _visit(site, page, path, form)
        reply = _barred(site, page, visit) or page.handler(visit)
        response = site.replies.render(visit, reply)
        if made is not None and isinstance(reply, Html):
            site.jar.keep_stranger(response, made)
        return response

    return view


def _barred(site: Site, page: Page, visit: Visit) -> Reply | None:
    """What is shown in place of the page; None where nothing speaks against it."""
    if not all(_SEGMENT.fullmatch(segment) for segment in visit.path.values()):
        return Html(template="fault.html", values={"known": 404}, status=404)
    shut = _shut(page, visit)
    if shut is not None:
        return shut
    counted = visit.visitor is None and (page.method == _UNSAFE or page.costly)
    if counted and not site.rates.hit(_FORM_POSTS, request.remote_addr or ""):
        return Html(template="fault.html", values={"known": 429}, status=429)
    if page.method == _UNSAFE and not _is_own_form(visit):
        return Html(template="fault.html", values={"known": 400}, status=400)
    return None


def _shut(page: Page, visit: Visit) -> Reply | None:
    """Where the page is not for this visitor: the way in, or to their own first page, or a refusal."""
    if isinstance(page.access, Anyone):
        return None
    if visit.visitor is None:
        return _to_sign_in(page)
    if page.is_for(visit.account.office):
        return None
    if page.path == "/":
        return Go(page=visit.home)
    return Html(template="fault.html", values={"known": 403}, status=403)


def _to_sign_in(page: Page) -> Reply:
    """To the sign-in page, and back afterwards."""
    if page.method == _UNSAFE:
        return Go(page="sign_in")
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        # Browsers keep the cookie back when a link on another site leads here; not when this does.
        return Again(address=addresses.own())
    return Go(page="sign_in", values={"next": addresses.own()})


def _is_own_form(visit: Visit) -> bool:
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        return False
    return is_form_token(visit.browser, visit.form.get("form_token", ""))


def _visit(
    site: Site,
    page: Page | None,
    path: Mapping[str, str] | None = None,
    form: "MultiDict[str, str] | None" = None,
) -> Visit:
    session: Session | None = g.session
    return Visit(
        desk=site.desk,
        words=g.words,
        party=_party(site),
        request_id=g.request_id,
        browser=g.browser or "",
        visitor=session,
        place=page.place if page else "",
        path=path or {},
        query=request.args,
        form=MultiDict() if form is None else form,
    )


def _party(site: Site) -> Party:
    """Whom passkeys are for: the configured address, or this machine under the name that it has."""
    name = str(g.words("site.name"))
    if site.address:
        return Party(urlsplit(site.address).hostname or "", site.address, name)
    return Party("localhost", f"http://{request.host}", name)


def _language(site: Site) -> Language:
    """What the reader chose, else what the browser prefers, else German."""
    chosen = site.jar.language(request)
    if chosen in set(Language):
        return Language(chosen)
    return Language(request.accept_languages.best_match(list(Language)) or Language.GERMAN)


def _host() -> str:
    try:
        return urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return ""
