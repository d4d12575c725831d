"""Turns replies into responses: the one way that anything leaves the console."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import Response, json, request, url_for
from jinja2 import Environment, PackageLoader, StrictUndefined

from gateway.console import addresses, assets, knots
from gateway.console.cookies import Jar, form_token
from gateway.console.page import (
    Again,
    Cookie,
    Data,
    File,
    Go,
    Html,
    Leave,
    Page,
    Reply,
    Static,
    Visit,
)
from gateway.console.words import Language

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # Not no-referrer: browsers would then hide the origin of the console's own forms as well.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), "
        "geolocation=(), microphone=(), payment=(), usb=()"
    ),
    "Cache-Control": "no-store",
    # Otherwise the server would name itself and its kind.
    "Server": "gateway",
}
_FOR_EVER = "public, max-age=31536000, immutable"


def protect(response: Response) -> None:
    """Headers that every response has, unless it has its own."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


@cache
def _templates() -> Environment:
    """The package's own, each compiled at its first use in a process."""
    return Environment(
        loader=PackageLoader("gateway.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


@dataclass(frozen=True, slots=True)
class Replies:
    """Renders the templates, keeps cookies in this jar, and leads to these pages."""

    jar: Jar
    navigation: Sequence[Page]

    def render(self, visit: Visit, reply: Reply) -> Response:
        """The response to a visit."""
        match reply:
            case Html():
                return self._html(visit, reply)
            case Again():
                onward = Html(template="again.html", values={"address": reply.address})
                return self._html(visit, onward)
            case Go() | Leave():
                return self._onward(reply)
            case File():
                response = Response(reply.content, content_type=reply.media_type)
                response.headers.set("Content-Disposition", "attachment", filename=reply.name)
                return response
            case Data():
                return Response(json.dumps(reply.value), content_type="application/json")
            case Static():
                response = Response(reply.content, content_type=reply.media_type)
                response.headers["Cache-Control"] = _FOR_EVER
                return response

    def _onward(self, reply: Go | Leave) -> Response:
        if isinstance(reply, Leave):
            return Response("", 303, {"Location": reply.address})
        address = reply.address or url_for(reply.page, **reply.values)
        response = Response("", 303, {"Location": address})
        if reply.language is not None:
            self.jar.keep_language(response, Language(reply.language))
        self._keep(response, reply.cookie)
        return response

    def _html(self, visit: Visit, reply: Html) -> Response:
        template = _templates().get_template(reply.template)
        return Response(
            template.render(**self._everywhere(visit), **reply.values),
            reply.status,
            content_type="text/html; charset=utf-8",
        )

    def _everywhere(self, visit: Visit) -> dict[str, Any]:
        """What every template may use."""
        account = visit.visitor.account if visit.visitor else None
        return {
            "t": visit.words,
            "visit": visit,
            "account": account,
            "form_token": form_token(visit.browser),
            "languages": list(Language),
            "here": request.script_root + request.path,
            "again": addresses.own(),
            "places": [it.name for it in self.navigation if account and it.is_for(account.office)],
            "asset": _asset_address,
            "href": url_for,
            "knot": knots.knot,
            "openid": visit.desk.provider is not None,
        }

    def _keep(self, response: Response, cookie: Cookie | None) -> None:
        if cookie is None:
            return
        if cookie.token is None:
            self.jar.forget_session(response)
        else:
            self.jar.keep_session(response, cookie.token)


def _asset_address(name: str) -> str:
    return url_for("asset", version=assets.loaded()[name].version, name=name)
