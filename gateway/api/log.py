"""The log as files for outsiders: key, checkpoint and tiles in the layout of c2sp.org/tlog-tiles.

Hashes say nothing of an entry, which carries random salt; the entries themselves are for reviewers.
"""

import re
from collections.abc import Callable

from gateway.api import problems
from gateway.api.endpoint import Call, Endpoint, Open, Page, endpoint, only
from gateway.errors import NotFound
from gateway.usecases.log import publish
from gateway.usecases.merchants import DEFAULT
from gateway.usecases.services import Services
from policies.question import Role

_TEXT = "text/plain; charset=utf-8"
_BINARY = "application/octet-stream"
_NOT_KEPT = "no-store"
_FOR_EVER = "public, max-age=31536000, immutable"
"""A tile never changes, as c2sp.org/tlog-tiles has it; nor does a partial one, under its own path."""
_OPEN = Open("hashes and signatures, which prove entries and tell nothing of them")
_PATH = re.compile(r"[A-Za-z0-9_./-]{1,80}")
"""Merchants, periods and the paths of tiles; what they must look like exactly, the use case knows."""


def endpoints() -> list[Endpoint]:
    """The current log of the default merchant under its short address, every log under its own."""
    return [
        # The next period's log will be here: what is under this address changes.
        *_of_one("/v1/audit", tiles_kept=_NOT_KEPT),
        *_of_one("/v1/audit/logs/<merchant>/<period>", tiles_kept=_FOR_EVER),
    ]


def _of_one(prefix: str, tiles_kept: str) -> list[Endpoint]:
    return [
        _declared(f"{prefix}/key", "Give the log's verifier key", _TEXT, _key),
        _declared(f"{prefix}/checkpoint", "Give the latest signed checkpoint", _TEXT, _checkpoint),
        _declared(
            f"{prefix}/checkpoint/witnessed",
            "Give the largest checkpoint that enough witnesses cosigned",
            _TEXT,
            _witnessed,
        ),
        _declared(
            f"{prefix}/tile/<level>/<path:index>",
            "Give a tile of hashes",
            _BINARY,
            _tile,
            tiles_kept,
        ),
        _bundles(f"{prefix}/tile/entries/<path:index>"),
    ]


def _declared(
    path: str,
    summary: str,
    media_type: str,
    read: Callable[[Services, Call], str | bytes],
    cache_control: str = _NOT_KEPT,
) -> Endpoint:
    @endpoint(
        "GET",
        path,
        access=_OPEN,
        summary=summary,
        answers={200: media_type},
        problems=(problems.NOT_FOUND,),
        path_form=_PATH,
    )
    def give(services: Services, call: Call) -> Page:
        return _page(read(services, call), media_type, cache_control)

    return give


def _bundles(path: str) -> Endpoint:
    @endpoint(
        "GET",
        path,
        access=only(Role.REVIEWER),
        summary="Give a bundle of entries",
        about="To the reviewers of the log's own merchant; the look itself is on record.",
        answers={200: _BINARY},
        problems=(problems.NOT_FOUND,),
        path_form=_PATH,
    )
    def give(services: Services, call: Call) -> Page:
        merchant = call.path.get("merchant", DEFAULT)
        if merchant != call.client.merchant:
            raise NotFound("there is no such log")
        content = publish.bundle(services.store, merchant, _period(call), call.path["index"])
        return _page(content, _BINARY, _NOT_KEPT)

    return give


def _page(content: str | bytes, media_type: str, cache_control: str) -> Page:
    return Page(content=content, media_type=media_type, cache_control=cache_control)


def _key(services: Services, call: Call) -> str:
    return publish.verifier_key(services.store, _merchant(call), _period(call)) + "\n"


def _checkpoint(services: Services, call: Call) -> bytes:
    return publish.checkpoint(services.store, _merchant(call), _period(call))


def _witnessed(services: Services, call: Call) -> bytes:
    return publish.witnessed(services.store, _merchant(call), _period(call), services.quorum)


def _tile(services: Services, call: Call) -> bytes:
    path = f"{call.path['level']}/{call.path['index']}"
    return publish.tile(services.store, _merchant(call), _period(call), path)


def _merchant(call: Call) -> str:
    return call.path.get("merchant", DEFAULT)


def _period(call: Call) -> str | None:
    return call.path.get("period")
