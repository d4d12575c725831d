"""Addresses of the console's own pages; a visitor is never sent to any other."""

import re
from urllib.parse import urlsplit

from flask import current_app, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

_PREFIX = "/console"
_PLAIN = re.compile(r"/console/[A-Za-z0-9._~/?&=%:+,!-]*")


def own() -> str:
    """Where the visitor is, with the query if it was asked for as a page."""
    path = request.script_root + request.path
    query = request.query_string.decode("ascii", "replace") if request.method == "GET" else ""
    return f"{path}?{query}" if query else path


def checked(text: str) -> str | None:
    """The address, if it is one of the console's own pages; None otherwise."""
    if not _PLAIN.fullmatch(text) or text.startswith("//"):
        return None
    path = urlsplit(text).path.removeprefix(_PREFIX)
    try:
        current_app.url_map.bind("").match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return None
    return text
