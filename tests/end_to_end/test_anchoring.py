"""A gateway that serves brings its checkpoints outside by itself, and serves them cosigned."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from gateway.audit.checkpoint import cosigned_by, open_checkpoint
from gateway.audit.note import Verifier
from tests.anchoring.places import ORIGIN
from tests.anchoring.witness import Witness
from tests.builders import an_order, order_number
from tests.conftest import Template
from tests.end_to_end.live import Live, gateway


def test_a_serving_gateway_has_its_checkpoints_cosigned_and_held(
    template: Template, data: Path, tmp_path: Path
) -> None:
    """Within seconds of an entry, over HTTP; also after the witness was away for a while."""
    # Takes what is there into the tree: the holder gets the first checkpoint at once, then one a day.
    assert gateway(data, "audit", "verify").returncode == 0
    witness = Witness(lambda: datetime.now(UTC))
    outside = tmp_path / "outside"
    outside.mkdir()
    settings = tmp_path / "gateway.toml"
    settings.write_text(
        f"""[witnesses]
every_seconds = 1
[witnesses.known.w1]
url = "{witness.url}"
vkey = "{witness.signer.verifier.vkey()}"
[holders]
directory = "{outside}"
"""
    )
    live = Live(data, GATEWAY_CONFIG=str(settings))
    try:
        vkey = live.send("GET", "/v1/audit/key")[2].decode().strip()
        origin = vkey.partition("+")[0]
        assert origin.rpartition("/")[0] == ORIGIN.rpartition("/")[0]
        witness.logs[origin] = Verifier.parse(vkey)
        take_in(live, template, 900)
        assert until(lambda: cosigned(live, witness, witness.logs[origin]))
        witness.stop()
        take_in(live, template, 901)
        witness.start()
        assert until(lambda: cosigned(live, witness, witness.logs[origin]))
        assert live.send("GET", "/v1/audit/checkpoint/witnessed")[0] == 200
        assert until(lambda: len(list(outside.iterdir()))) > 0
    finally:
        live.stop()


def take_in(live: Live, template: Template, number: int) -> None:
    """An order more."""
    page = {"resources": [an_order(order_number(number))]}
    assert live.send("POST", "/v1/orders", template.tokens["merchant"], page)[0] == 200


def cosigned(live: Live, witness: Witness, log: Verifier) -> int:
    """The size of the newest checkpoint, 0 while the witness has not cosigned it."""
    status, _, note = live.send("GET", "/v1/audit/checkpoint")
    if status != 200:
        return 0  # the log's first checkpoint is not signed yet
    size = open_checkpoint(note, log).size
    return size if cosigned_by(note, [witness.signer.verifier]) else 0


def until(look: Callable[[], int]) -> int:
    """The first answer that is not 0."""
    tick = threading.Event()
    for _ in range(1500):
        found = look()
        if found:
            return found
        tick.wait(0.02)
    raise AssertionError("it did not come about")
