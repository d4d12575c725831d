"""`gateway audit`: the record of all that was done, and that it is what was recorded."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from gateway.audit.entry import Action, Outcome
from gateway.audit.verdict import LogReport
from gateway.cli.nouns import Noun
from gateway.cli.offline import auditor, verify_log, verify_receipt
from gateway.cli.output import show
from gateway.cli.progress import LogProgress
from gateway.cli.running import Run, json_option, merchant_option, pass_run
from gateway.cli.types import TIME, OneOf
from gateway.cli.verdicts import members, sentence, witness_members, witnesses
from gateway.cli.witness import witness
from gateway.usecases.actors import OPERATOR
from gateway.usecases.log import publish
from gateway.usecases.log.receipts import receipt as receipt_of
from gateway.usecases.log.verified import failed, verify_and_keep
from gateway.usecases.log.verify import Verdict, origin_of
from gateway.usecases.reviewing import review
from gateway.usecases.reviewing.export_formats import Format, lines
from gateway.usecases.reviewing.review import Filters
from policies.question import Purpose
from policies.verdict import ReasonCode


@click.group(cls=Noun)
def audit() -> None:
    """The audit log.

    A transparency log: anyone with its verifier key can check a receipt, or the whole log, without
    trusting whoever runs it.
    """


audit.add_command(verify_receipt)
audit.add_command(verify_log)
audit.add_command(auditor)
audit.add_command(witness)


@audit.command(short_help="Write the entries out.")
@click.option(
    "--format",
    "form",
    type=OneOf(Format),
    default=Format.JSONL.value,
    show_default=True,
    help="jsonl: the entries as they are; csv: for spreadsheets; ocsf: for a SIEM.",
)
@click.option("--order", "order_number", metavar="N", help="About this order.")
@click.option("--carrier", metavar="ID", help="About this carrier.")
@click.option("--actor", metavar="ID", help="By this client, or command-line.")
@click.option("--action", type=OneOf(Action), metavar="ACTION", help="Such as contact.released.")
@click.option("--outcome", type=OneOf(Outcome))
@click.option("--reason", type=OneOf(ReasonCode), metavar="CODE", help="Refused for this reason.")
@click.option("--purpose", type=OneOf(Purpose), metavar="PURPOSE")
@click.option("--from", "since", type=TIME, metavar="TIME", help="From this day or time on.")
@click.option("--to", "until", type=TIME, metavar="TIME", help="Before this day or time.")
@merchant_option
@pass_run
def export(run: Run, /, form: Format, merchant: str, **filters: Any) -> None:
    """Write the entries to the standard output, oldest first; the export itself is on record.

    \b
    Examples:
      gateway audit export --from 2026-11-01 --to 2026-12-01 --format csv > november.csv
      gateway audit export --action contact.refused --reason purpose_marketing
    """
    entries = review.export(
        run.services.store,
        run.merchant(merchant),
        OPERATOR,
        Filters(**filters),
        run.request_id,
    )
    for line in lines(entries, form):
        click.echo(line, nl=False)


@audit.command(short_help="Print the log's verifier key.")
@click.option("--all", "every", is_flag=True, help="Of every log that is kept, oldest first.")
@merchant_option
@json_option
@pass_run
def key(run: Run, every: bool, merchant: str, as_json: bool) -> None:
    """Print the verifier key (vkey) that the log's checkpoints and receipts are checked with.

    Give it to auditors and carriers now, by a way that cannot be changed afterwards: a contract, a
    letter. Each period's log has a key name of its own, so a receipt needs the vkey of its log.

    \b
    Examples:
      gateway audit key
      gateway audit key --all --json
    """
    kept = publish.verifier_keys(run.services.store, run.merchant(merchant))
    shown = kept if every else [one for one in kept if one.is_current]
    logs = [{"origin": one.origin, "vkey": one.vkey, "is_current": one.is_current} for one in shown]
    show(as_json, {"logs": logs}, [one.vkey for one in shown])
    if not shown:
        raise click.ClickException("there is no log yet: the first entry opens it")


@audit.command(short_help="Verify the stored logs.")
@click.option(
    "--held",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A checkpoint kept outside of the operator's reach; repeatable.",
)
@merchant_option
@json_option
@pass_run
def verify(run: Run, held: tuple[Path, ...], merchant: str, as_json: bool) -> None:
    """Re-derive all of a merchant's logs, and name the first entry that is not as it was signed.

    Whoever has the database, the data directory and the keys can cut the end off the log and sign it
    anew; only a checkpoint kept out of their reach, by a witness, a mailbox or an auditor, shows it:
    pass it with --held. Up to where witnesses cosigned, and since when, is told for each log.
    What came of it is kept, and shown on the console's first page.

    \b
    Examples:
      gateway audit verify
      gateway audit verify --held /mnt/elsewhere/2026q4-18211.checkpoint
    """
    notes = {path: path.read_bytes() for path in held}
    with LogProgress() as progress:
        verdicts = verify_and_keep(
            run.services.store,
            run.merchant(merchant),
            list(notes.values()),
            progress,
            run.services.quorum,
            run.settings.keep_log_months,
        )
    origins = {verdict.origin for verdict in verdicts}
    strange = [path for path, note in notes.items() if origin_of(note) not in origins]
    told = {
        "verified": bool(verdicts) and not failed(verdicts) and not strange,
        "logs": [*map(_told, verdicts)],
        "strange": [*map(str, strange)],
    }
    show(as_json, told, _lines(verdicts, strange, run.clock()))
    if not told["verified"]:
        raise click.exceptions.Exit(1)


@audit.command(short_help="Print the receipt of a release.")
@click.argument("release_id", metavar="RELEASE_ID")
@merchant_option
@pass_run
def receipt(run: Run, release_id: str, merchant: str) -> None:
    """Print the receipt of a release: its entry, and the proof that the log holds it.

    JSON with two members: `entry`, the bytes that are hashed, in base64; and `proof`, the text of a
    .tlog-proof file (c2sp.org/tlog-proof), which other tools than ours read as well.

    \b
    Example:
      gateway audit receipt 019aa3…  > receipt.json
      gateway audit verify-receipt receipt.json --key "$(gateway audit key)"
    """
    found = receipt_of(run.services.store, run.merchant(merchant), release_id, None)
    click.echo(json.dumps(found.as_json(), indent=2))


def _told(verdict: Verdict) -> dict[str, Any]:
    return {
        "origin": verdict.origin,
        "vkey": verdict.vkey,
        **members(verdict.outcome),
        "witnessed": witness_members(verdict.witnessed),
    }


def _lines(verdicts: list[Verdict], strange: list[Path], now: datetime) -> Iterator[str]:
    if not verdicts:
        yield "NOT VERIFIED: there is no log"
    for one in verdicts:
        told = sentence(one.outcome)
        if isinstance(one.outcome, LogReport):
            told += f"; {witnesses(one.witnessed, now)}"
        yield f"{one.origin}: {told}"
    for path in strange:
        yield f"{path}: NOT VERIFIED: it is no checkpoint of any of these logs"
