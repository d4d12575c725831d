"""A bar for each log that is verified, on a terminal; nothing in a pipe."""

import sys
from types import TracebackType
from typing import Any, Self

from tqdm import tqdm


class LogProgress:
    """Called with a log's origin, its entries verified so far, and the entries it has."""

    def __init__(self) -> None:
        self._origin: str | None = None
        self._bar: tqdm[Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def __call__(self, origin: str, done: int, total: int) -> None:
        if self._bar is None or origin != self._origin:
            self._close()
            self._origin = origin
            self._bar = tqdm(
                total=total,
                desc=origin,
                unit=" entries",
                unit_scale=True,
                leave=False,
                disable=not sys.stderr.isatty(),
                file=sys.stderr,
            )
        self._bar.update(done - self._bar.n)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
