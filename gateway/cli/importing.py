"""`gateway orders import`: a file of any length taken in, every bad order named, none of its values shown."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import click
from tqdm import tqdm

from gateway.cli.running import Run, json_option, merchant_option, pass_run
from gateway.errors import ConfigurationError
from gateway.marketplaces.marketplace import named
from gateway.marketplaces.stream import Broken
from gateway.model.order import OTTO
from gateway.usecases.actors import OPERATOR
from gateway.usecases.incoming.import_pool import cores
from gateway.usecases.incoming.importing import Counts, Imported, RejectedOrder, import_orders


@click.command("import")
@click.argument(
    "file",
    metavar="FILE|-",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
)
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write orders that are not taken in here, whole, as they came; only you can read the file.",
)
@click.option(
    "--marketplace",
    default=OTTO,
    show_default=True,
    metavar="NAME",
    help="Whose orders they are: a file of config/marketplaces/ tells how they are written.",
)
@merchant_option
@json_option
@pass_run
def import_(
    run: Run, file: Path, rejects: Path | None, marketplace: str, merchant: str, as_json: bool
) -> None:
    """Take in orders: OTTO's as one order, a page {"resources": […]}, a JSON array, or one a line.

    Another marketplace's or shop's are read as its own file says, from CSV or JSON. Good orders are
    stored, bad ones are named with what is wrong in them. Running it again changes nothing. Where the
    file itself breaks off, what came before is stored.

    \b
    Examples:
      gateway orders import orders.json
      gateway orders import --marketplace feed export.csv --rejects bad.csv
      curl -s https://…/v4/orders | gateway orders import - --rejects bad.ndjson
    """
    services, merchant = run.services, run.merchant(merchant)
    with ExitStack() as stack:
        source = stack.enter_context(click.open_file(str(file), "rb"))
        bar = stack.enter_context(_progress(source))
        told = _Told(as_json, bar, stack.enter_context(_rejects_file(rejects, file)))
        done = import_orders(
            services,
            merchant,
            OPERATOR,
            named(services.marketplaces, marketplace),
            source,
            request_id=run.request_id,
            on_rejected=told.rejected,
            on_batch=told.batch,
            processes=cores(),
        )
    told.end(done)
    if done.ended is not None or done.counts.rejected:
        raise click.exceptions.Exit(1)


class _Told:
    """What the operator is told as the import goes on; nothing of it is held back in memory."""

    def __init__(self, as_json: bool, bar: "tqdm[Any]", rejects: IO[bytes] | None) -> None:
        self._as_json = as_json
        self._bar = bar
        self._rejects = rejects
        self._separator = '{"rejected": ['

    def batch(self, counts: Counts) -> None:
        self._bar.update(counts.read - self._bar.n)

    def rejected(self, order: RejectedOrder) -> None:
        if self._rejects is not None and order.again is not None:
            if self._rejects.tell() == 0:
                self._rejects.write(order.head)
            self._rejects.write(order.again)
        if self._as_json:
            self._write_json(order)
            return
        number = f", order {order.order_number}" if order.order_number else ""
        for name, texts in order.errors.items():
            told = f"rejected: position {order.position}{number}: {name}: {' '.join(texts)}"
            self._bar.write(told, file=sys.stderr)
        if self._rejects is not None and order.again is None:
            self._bar.write("  too long to be written to the rejects", file=sys.stderr)

    def end(self, done: Imported) -> None:
        counts, broken = done.counts, done.ended
        if self._as_json:
            self._end_json(counts, broken if isinstance(broken, Broken) else None)
            return
        click.echo(
            f"{counts.stored} stored, {counts.unchanged} unchanged, {counts.rejected} rejected"
        )
        if isinstance(broken, Broken):
            click.echo(
                f"Error: line {broken.line}, byte {broken.byte}: {broken.message}. "
                "What came before is stored; nothing after it was read.",
                err=True,
            )

    def _write_json(self, order: RejectedOrder) -> None:
        told = {
            "position": order.position,
            "order_number": order.order_number,
            "errors": {name: list(texts) for name, texts in order.errors.items()},
        }
        click.echo(f"{self._separator}\n  {json.dumps(told, ensure_ascii=False)}", nl=False)
        self._separator = ","

    def _end_json(self, counts: Counts, broken: Broken | None) -> None:
        rest = {
            "stored": counts.stored,
            "unchanged": counts.unchanged,
            "broken": broken
            and {"line": broken.line, "byte": broken.byte, "message": broken.message},
        }
        start = self._separator if self._separator != "," else ""
        click.echo(f"{start}], {json.dumps(rest, ensure_ascii=False)[1:]}")


def _progress(source: IO[bytes]) -> "tqdm[Any]":
    """A bar with rate and time left on a terminal; nothing in a pipe."""
    try:
        size = os.fstat(source.fileno()).st_size or None
    except OSError:
        size = None
    return tqdm(
        total=size, unit="B", unit_scale=True, disable=not sys.stderr.isatty(), file=sys.stderr
    )


@contextmanager
def _rejects_file(path: Path | None, source: Path) -> Iterator[IO[bytes] | None]:
    """The file for whole orders: contact data, so for its owner alone."""
    if path is None:
        yield None
        return
    if path.exists() and source.exists() and path.samefile(source):
        raise click.UsageError("--rejects would overwrite the input")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as fault:
        raise ConfigurationError(f"{path}: {fault.strerror} (--rejects)") from None
    os.fchmod(descriptor, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        yield file
