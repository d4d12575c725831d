"""More requests than the gateway can answer: those it takes are answered soon and recorded, all others 503."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks import load, scenery, sender
from tests.end_to_end.live import Live

_SMALL = {"GATEWAY_SERVICE__THREADS": "2", **scenery.UNLIMITED}
_CONNECTIONS = 24
"""Three times what one worker with two threads lets in: two that work and four that wait."""


def _pressed(
    live: Live, place: scenery.Prepared, requests: Path, seconds: float
) -> dict[str, float]:
    url = f"http://127.0.0.1:{live.port}/v1/releases"
    done = subprocess.run(
        [sys.executable, sender.__file__, url, str(_CONNECTIONS), str(seconds)],
        env={**os.environ, "TOKEN": place.token, "BODIES": str(requests)},
        capture_output=True,
        check=True,
    )
    told: dict[str, float] = json.loads(done.stdout)
    return told


def _released(live: Live) -> float:
    _, _, text = live.send("GET", "/metrics")
    name = 'gateway_releases_total{outcome="permitted",reason=""} '
    return next(
        float(line.removeprefix(name)) for line in text.decode().splitlines() if name in line
    )


@pytest.mark.parametrize("seconds", [1.5, pytest.param(60.0, marks=pytest.mark.long)])
def test_nothing_piles_up_and_nothing_is_lost(tmp_path: Path, seconds: float) -> None:
    """Whoever is let in is answered in bounded time, the others come again; afterwards all is as before."""
    place = scenery.prepared(tmp_path / "data", 20)
    asked = [{"order_number": it, "purpose": "delivery-appointment"} for it in place.numbers]
    requests = load.bodies(tmp_path / "requests", asked)
    live = Live(place.data, 1, **_SMALL)
    try:
        told = _pressed(live, place, requests, seconds)
        answered = told["requests"] - told["refused"]
        assert told["refused"] > 0, told
        assert answered > 0, told
        assert told["broken"] == 0, told
        # Nobody waits longer than the turnstile lets them, and the answer itself.
        assert told["p99"] < 5000, told
        status, _, _ = live.send("POST", "/v1/releases", place.token, asked[0])
        assert status == 200
        # Those whose connection was closed while they were answered are on record as well.
        assert answered + 1 <= _released(live) <= answered + 1 + _CONNECTIONS
    finally:
        live.stop()
    services = place.services()
    with scenery.closing_database(services), services.store.read() as connection:
        on_record = scenery.releases_on_record(connection)
    assert answered + 1 <= on_record <= answered + 1 + _CONNECTIONS
