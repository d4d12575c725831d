"""The documentation as it is served: readable without network, scripts or a token."""

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gateway.api import problems
from gateway.api.bodies import JSON
from gateway.api.endpoint import Call, Endpoint, Open, Page, endpoint
from gateway.api.openapi import specification
from gateway.usecases.services import Services

_PUBLIC = Open("it says what everybody may know, and nothing of anybody")
_CODE = re.compile("`([^`]+)`")
_REFERENCE = "#/components/schemas/"


def documentation(endpoints: Sequence[Endpoint]) -> list[Endpoint]:
    """The endpoints that explain the others; rendered when they are first asked for."""

    @cache
    def spec() -> dict[str, Any]:
        return specification(endpoints)

    @cache
    def text() -> str:
        return json.dumps(spec(), ensure_ascii=False, indent=1)

    @cache
    def page() -> str:
        return _rendered(spec())

    @cache
    def guide() -> str:
        return _environment().get_template("integrate.html").render()

    @cache
    def style() -> str:
        return files("gateway.api").joinpath("static/docs.css").read_text(encoding="utf-8")

    @endpoint("GET", "/openapi.json", access=_PUBLIC, summary="This description, for machines")
    def openapi(_services: Services, _call: Call) -> Page:
        return Page(content=text(), media_type=JSON)

    @endpoint("GET", "/docs", access=_PUBLIC, summary="This description, to be read")
    def docs(_services: Services, _call: Call) -> Page:
        return Page(content=page(), media_type="text/html; charset=utf-8", style=True)

    @endpoint("GET", "/docs/integrate", access=_PUBLIC, summary="How to begin, way by way")
    def integrate(_services: Services, _call: Call) -> Page:
        return Page(content=guide(), media_type="text/html; charset=utf-8", style=True)

    @endpoint("GET", "/docs/docs.css", access=_PUBLIC, summary="Its style sheet")
    def stylesheet(_services: Services, _call: Call) -> Page:
        return Page(content=style(), media_type="text/css; charset=utf-8")

    return [openapi, docs, integrate, stylesheet]


def _rendered(spec: dict[str, Any]) -> str:
    template = _environment().get_template("docs.html")
    return template.render(spec=spec, kinds=problems.KINDS)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("gateway.api"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"prose": _prose, "name": _name, "anchor": _anchor}
    return environment


def _prose(text: str) -> Markup:
    """Text as paragraphs, with its code set as code."""
    paragraphs = (Markup("<p>{}</p>").format(_coded(it)) for it in text.split("\n\n"))
    return Markup("").join(paragraphs)


def _coded(text: str) -> Markup:
    pieces = enumerate(_CODE.split(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(it) if at % 2 else it for at, it in pieces
    )


def _name(reference: str) -> str:
    return reference.removeprefix(_REFERENCE)


def _anchor(operation_id: str) -> str:
    return operation_id.replace("_", "-")
