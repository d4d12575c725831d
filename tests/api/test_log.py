"""The log as files: whoever has the address can follow it, and only reviewers read entries."""

from collections.abc import Iterator

import pytest

from gateway.audit.tiles import Tile
from gateway.audit.verdict import LogReport
from gateway.audit.verify import verify_log
from gateway.usecases.log.sequence import integrate_waiting
from gateway.usecases.services import Services
from tests.api.conftest import Api
from tests.builders import an_order, order_number

OWN = "/v1/audit/logs/default/2026q4"


class Downloaded:
    """A log read over HTTP, as an outsider with a reviewer's token reads it."""

    def __init__(self, api: Api, prefix: str) -> None:
        self.api = api
        self.prefix = prefix

    def checkpoint(self) -> bytes:
        """The latest checkpoint."""
        return self.api.get(f"{self.prefix}/checkpoint", None).data

    def history(self) -> Iterator[bytes]:
        """None is published."""
        return iter(())

    def read(self, tile: Tile) -> bytes | None:
        """A tile, or a bundle."""
        answer = self.api.get(f"{self.prefix}/{tile.path()}", "reviewer")
        return answer.data if answer.status_code == 200 else None

    def partial_widths(self, tile: Tile) -> list[int]:
        """None is listed."""
        return []


@pytest.fixture
def grown(api: Api, services: Services) -> Api:
    """A log of some three hundred entries, all of them in the tree."""
    for start in range(0, 300, 50):
        page = {"resources": [an_order(order_number(start + at)) for at in range(50)]}
        assert api.post("/v1/orders", "merchant", json=page).status_code == 200
    integrate_waiting(services.store)
    return api


@pytest.mark.parametrize("prefix", ["/v1/audit", OWN])
def test_the_published_log_verifies(grown: Api, prefix: str) -> None:
    """Key, checkpoint, tiles and bundles fit together, under the short address and the log's own."""
    vkey = grown.get(f"{prefix}/key", None).text.strip()
    report = verify_log(Downloaded(grown, prefix), vkey)
    assert isinstance(report, LogReport), report
    assert report.checkpoint.size > 300


def test_narrower_tiles_stay_after_the_log_has_grown(grown: Api) -> None:
    """Who holds an older checkpoint still finds the tiles of its size."""
    whole = grown.get("/v1/audit/tile/0/000", None).data
    assert grown.get("/v1/audit/tile/0/000.p/7", None).data == whole[: 7 * 32]


def test_what_never_changes_may_be_kept(grown: Api) -> None:
    """Hashes under a log's own address; not its checkpoint, not entries, nor what gives way to the next log."""
    kept = {
        path: grown.get(path, "reviewer").headers["Cache-Control"]
        for path in (
            f"{OWN}/tile/0/000",
            f"{OWN}/tile/0/001.p/3",
            f"{OWN}/checkpoint",
            f"{OWN}/tile/entries/000",
            f"{OWN}/tile/0/009",
            "/v1/audit/tile/0/000",
        )
    }
    for_ever = "public, max-age=31536000, immutable"
    assert list(kept.values()) == [for_ever, for_ever, *["no-store"] * 4]


@pytest.mark.parametrize(
    "path",
    [
        "0/00",
        "0/000.p/0",
        "0/000.p/256",
        "0/001.p/255",
        "64/000",
        "00/000",
        "0/x000/000",
        "1/001",
        "x/y",
    ],
)
def test_what_is_no_tile_is_not_found(grown: Api, path: str) -> None:
    """Paths have one spelling, and nothing is served that no checkpoint covers."""
    assert grown.get(f"/v1/audit/tile/{path}", None).status_code == 404


@pytest.mark.parametrize(
    "prefix", ["/v1/audit/logs/nobody/2026q4", "/v1/audit/logs/default/1999q1"]
)
@pytest.mark.parametrize("file", ["key", "checkpoint", "tile/0/000.p/1"])
def test_a_log_that_is_none_is_not_found(grown: Api, prefix: str, file: str) -> None:
    """Unknown merchants and periods have no log."""
    assert grown.get(f"{prefix}/{file}", None).status_code == 404


def test_entries_are_for_their_own_reviewers(grown: Api) -> None:
    """Not for strangers, not for other roles, not for another merchant's reviewer."""
    bundle = "tile/entries/000.p/1"
    assert grown.get(f"{OWN}/{bundle}", None).status_code == 401
    assert grown.get(f"{OWN}/{bundle}", "merchant").status_code == 403
    assert grown.get(f"{OWN}/{bundle}", "other-reviewer").status_code == 404
    assert grown.get(f"/v1/audit/{bundle}", "other-reviewer").status_code == 404
    assert grown.get(f"{OWN}/{bundle}", "reviewer").status_code == 200
