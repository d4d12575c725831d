"""Turns replies into responses: the one way that anything leaves the console."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, json, request, url_for
from jinja2 import Environment

from gateway.console import addresses, assets, knots
from gateway.console.cookies import Jar, form_token
from gateway.console.page import (
    EVERY_OFFICE,
    Cookie,
    Data,
    File,
    Go,
    Html,
    Reply,
    Static,
    Visit,
)
from gateway.console.words import Language
from gateway.model.account import Office

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
PLACES: Mapping[str, frozenset[Office]] = {
    "overview": EVERY_OFFICE,
}
"""The areas of the console, in the order of its navigation, and who has business there."""

_FOR_EVER = "public, max-age=31536000, immutable"


def protect(response: Response) -> None:
    """Headers that every response has, unless it has its own."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


@dataclass(frozen=True, slots=True)
class Replies:
    """Renders with these templates, and keeps cookies in this jar."""

    environment: Environment
    jar: Jar

    def render(self, visit: Visit, reply: Reply) -> Response:
        """The response to a visit."""
        match reply:
            case Html():
                return self._html(visit, reply)
            case Go():
                address = reply.address or url_for(reply.page, **reply.values)
                response = Response("", 303, {"Location": address})
                if reply.language is not None:
                    self.jar.keep_language(response, Language(reply.language))
                self._keep(response, reply.cookie)
                return response
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

    def _html(self, visit: Visit, reply: Html) -> Response:
        template = self.environment.get_template(reply.template)
        return Response(
            template.render(**_everywhere(visit), **reply.values),
            reply.status,
            content_type="text/html; charset=utf-8",
        )

    def _keep(self, response: Response, cookie: Cookie | None) -> None:
        if cookie is None:
            return
        if cookie.token is None:
            self.jar.forget_session(response)
        else:
            self.jar.keep_session(response, cookie.token)


def _everywhere(visit: Visit) -> dict[str, Any]:
    """What every template may use."""
    return {
        "t": visit.words,
        "visit": visit,
        "account": visit.visitor.account if visit.visitor else None,
        "form_token": form_token(visit.browser),
        "languages": list(Language),
        "here": request.script_root + request.path,
        "again": addresses.own(),
        "places": [name for name in PLACES if _may_see(visit, name)],
        "asset": _asset_address,
        "href": url_for,
        "knot": knots.knot,
    }


def _may_see(visit: Visit, name: str) -> bool:
    return visit.visitor is not None and visit.account.office in PLACES[name]


def _asset_address(name: str) -> str:
    return url_for("asset", version=assets.loaded()[name].version, name=name)
