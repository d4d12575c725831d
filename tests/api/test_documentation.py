"""What is said about the API: valid OpenAPI 3.1, complete, readable without network."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser

from gateway.api import problems
from tests.api.conftest import Api


class _Page(HTMLParser):
    """What a page loads, where it links to, and what can be linked to in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name in {"href", "src"}:
                self.links.add(value or "")
            if name == "id":
                self.anchors.add(value or "")


def test_the_description_is_openapi_and_names_every_route(api: Api) -> None:
    """Each route but the documentation itself, with its parameters."""
    answer = api.get("/openapi.json")
    spec = json.loads(answer.data)
    assert (answer.mimetype, spec["openapi"]) == ("application/json", "3.1.0")
    rules = {rule.rule for rule in api.app.url_map.iter_rules()}
    paths = {re.sub("<(?:path:)?([a-z_]+)>", r"{\1}", rule) for rule in rules}
    assert paths - spec["paths"].keys() == {
        *("/openapi.json", "/docs", "/docs/integrate", "/docs/docs.css"),
    }
    assert spec["paths"].keys() <= paths


def test_no_setting_changes_what_is_promised(an_api: Callable[..., Api]) -> None:
    """Whatever its operator set, a gateway says the same of itself."""
    other = an_api(GATEWAY_LIMITS__ORDER_BYTES="2048", GATEWAY_RETENTION__LATEST_DAYS="60")
    assert json.loads(other.get("/openapi.json").data) == Api.published


def test_every_operation_wants_the_token_unless_it_says_otherwise(api: Api) -> None:
    """Those that are open are the probes, what the log proves itself with, and the way to a token."""
    spec = json.loads(api.get("/openapi.json").data)
    assert spec["security"] == [{"token": []}, {"access": []}]
    opened = {
        path
        for path, operations in spec["paths"].items()
        for operation in operations.values()
        if operation.get("security") == []
    }
    proof = "/(key|checkpoint(/witnessed)?|tile/{level}/{index})$"
    proofs = {path for path in opened if re.search(proof, path)}
    ways_in = {"/oauth/token", "/.well-known/oauth-authorization-server"}
    assert opened - proofs - ways_in == {"/healthz", "/readyz", "/metrics"}


def test_every_problem_is_explained_where_its_type_points_to(api: Api) -> None:
    """A problem's `type` can be followed."""
    anchors = _Page(api.get("/docs").text).anchors
    assert {f"/docs#{anchor}" for anchor in anchors} >= {kind.uri for kind in problems.KINDS}
    assert len({kind.slug for kind in problems.KINDS}) == len(problems.KINDS)


def test_the_page_needs_neither_network_nor_scripts(api: Api) -> None:
    """It loads its own style sheet and nothing else, and every link in it leads somewhere."""
    answer = api.get("/docs")
    page = _Page(answer.text)
    assert "script" not in page.tags
    assert "style" not in page.tags | page.attributes
    outward = {link for link in page.links if not link.startswith("#")}
    assert outward == {"/docs/docs.css", "/docs/integrate", "/openapi.json"}
    assert {link[1:] for link in page.links if link.startswith("#")} <= page.anchors
    assert answer.headers["Content-Security-Policy"].startswith(
        "default-src 'none'; style-src 'self'"
    )
    style = api.get("/docs/docs.css")
    assert style.mimetype == "text/css"
    assert not re.search(r"url\(|@import", style.text)


def test_the_page_shows_the_roles_and_the_shapes(api: Api) -> None:
    """Who may call, and what the members mean."""
    text = api.get("/docs").text
    assert "For: merchant, shop." in text
    assert "Without a token: probes carry no token; the answer holds no data." in text
    assert "<code>delivery-appointment</code>" in text
