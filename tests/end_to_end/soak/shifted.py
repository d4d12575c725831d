"""The gateway's commands on a clock that a test moves: this machine's, shifted by what a file says.

The product takes its clock as an argument and has no switch for it; here the default is another one,
in every process that the server starts as well. It must never change anything else.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway import app

NAMED_BY = "SOAK_SHIFT"
"""The variable that names the file: seconds by which the clock is ahead of this machine's."""


def clock(shift: Path) -> Callable[[], datetime]:
    """The time as the file shifts it, read anew each time."""

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(shift.read_text()))

    return now


if NAMED_BY in os.environ:
    app.now = clock(Path(os.environ[NAMED_BY]))
    app.assemble.__defaults__ = (app.now, os.urandom)

if __name__ == "__main__":
    from gateway.cli import main

    main()
