"""A worker's process, as it is before its first request."""

import json
import subprocess
import sys
from pathlib import Path

from tests.end_to_end.live import ROOT, environment

_BEGUN = """
import json, os, sys
from gateway import settings, worker
worker.application(settings.load(os.environ))
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
_OF_SOME_USES = {
    *("alembic", "authlib", "babel", "boto3", "httpcore", "limits", "pkcs11", "pyrage", "requests"),
    *("segno", "tqdm", "typst", "webauthn"),
}
"""Libraries that only some uses need, and that are loaded when one of these begins."""


def test_a_worker_begins_without_what_only_some_uses_need(data: Path) -> None:
    """Each of these would cost every worker time and memory, and most workers never need it."""
    done = subprocess.run(
        [sys.executable, "-c", _BEGUN],
        env=environment(data),
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert {"flask", "gateway", "sqlalchemy"} <= loaded
    assert loaded & _OF_SOME_USES == set()
