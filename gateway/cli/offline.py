"""`gateway audit verify-receipt`, `verify-log`, `auditor`: for those who hold a key and trust nobody.

They need no settings, no database and no data directory, and must never look for any.
"""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import click

from gateway.audit import source
from gateway.audit.entry import timestamp
from gateway.audit.faults import AuditError
from gateway.audit.proof import Refused, Verified
from gateway.audit.proof import verify_receipt as verdict_on
from gateway.audit.receipt import MAX_RECEIPT, Receipt
from gateway.audit.verdict import LogFault
from gateway.audit.verify import verify_log as verdict_on_log
from gateway.cli.output import show
from gateway.cli.progress import LogProgress
from gateway.cli.running import json_option
from gateway.cli.verdicts import members, sentence

_READABLE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)


def _key_option(command: Any) -> Any:
    command = click.option(
        "--origin", metavar="NAME", help="The log's name, where it is not that of its key."
    )(command)
    return click.option(
        "--key",
        "vkey",
        required=True,
        metavar="VKEY",
        help="The log's verifier key, from where its operator cannot change it afterwards.",
    )(command)


@click.command("verify-receipt", short_help="Check a receipt, offline.")
@click.argument("file", metavar="FILE|-", type=_READABLE)
@_key_option
@json_option
def verify_receipt(file: Path, vkey: str, origin: str | None, as_json: bool) -> None:
    """Check offline that the entry in a receipt is in the log that a key speaks for.

    Needs the receipt and the key, nothing else: no settings, no database. The entry is named by its id:
    of a hand-over that is the release_id. A receipt of another one is as valid, and not what you hold.

    \b
    Examples:
      gateway audit verify-receipt receipt.json --key 'gateway.example/audit/default/2026q4+…'
      gateway audit verify-receipt - --key "$(cat key-from-the-contract)" < receipt.json
    """
    with click.open_file(str(file), "rb") as opened:
        raw = opened.read(MAX_RECEIPT + 1)
    verdict = _verdict(raw, vkey, origin)
    if isinstance(verdict, Refused):
        told = {"verified": False, "step": verdict.step, "reason": verdict.reason}
        show(as_json, told, [f"NOT VERIFIED: {verdict.step}: {verdict.reason}"])
        raise click.exceptions.Exit(1)
    show(as_json, _proven(verdict), [_sentence(verdict)])


def _proven(verdict: Verified) -> dict[str, Any]:
    return {
        "verified": True,
        "origin": verdict.checkpoint.origin,
        "index": verdict.index,
        "size": verdict.checkpoint.size,
        "entry": json.loads(verdict.entry.leaf()),
    }


def _sentence(verdict: Verified) -> str:
    entry, signed = verdict.entry, verdict.checkpoint
    return (
        f"VERIFIED: entry {verdict.index} ({entry.action}, {entry.outcome}, "
        f"{timestamp(entry.time)}, id {entry.id}) is in the log {signed.origin} as signed at {signed.size} entries"
    )


def _verdict(raw: bytes, vkey: str, origin: str | None) -> Verified | Refused:
    try:
        receipt = Receipt.parse(raw)
    except AuditError as fault:
        return Refused("receipt", str(fault))
    return verdict_on(receipt.leaf, receipt.proof, vkey, origin)


@click.command("verify-log", short_help="Check a whole log on disk, offline.")
@click.argument(
    "directory", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@_key_option
@click.option(
    "--held",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A checkpoint of this log that was kept elsewhere; repeatable.",
)
@json_option
def verify_log(
    directory: Path, vkey: str, origin: str | None, held: tuple[Path, ...], as_json: bool
) -> None:
    """Check offline a whole log on disk, ours or a stranger's: any in the layout of tlog-tiles.

    DIR holds `checkpoint` and `tile/…`, as they are downloaded from a log's address. Every entry is
    hashed anew, and the first that is not what was signed is named. Needs no settings, no database.

    \b
    Examples:
      gateway audit verify-log ./log --key 'gateway.example/audit/default/2026q4+…'
      gateway audit verify-log ./log --key 'log.example/…' --held last-year.checkpoint
    """
    with LogProgress() as progress:
        outcome = verdict_on_log(
            source.LogDirectory(directory),
            vkey,
            origin=origin,
            held=[path.read_bytes() for path in held],
            progress=lambda done, total: progress(str(directory), done, total),
        )
    show(as_json, members(outcome), [sentence(outcome)])
    if isinstance(outcome, LogFault):
        raise click.exceptions.Exit(1)


@click.command(short_help="Print the stand-alone verifier.")
def auditor() -> None:
    """Print the stand-alone verifier: one Python file, for auditors who install nothing of ours.

    It needs Python 3.11 and the package `cryptography`, and shares no code with the gateway: a second
    implementation, short enough to read before it is believed. `python auditor.py --help` says the
    rest.

    \b
    Example:
      gateway audit auditor > auditor.py
      python auditor.py receipt receipt.json --key 'gateway.example/audit/default/2026q4+…'
      python auditor.py log https://gateway.example/v1/audit --key '…' --token-file reviewer.token
    """
    click.echo(files("gateway.audit").joinpath("auditor.py").read_bytes(), nl=False)
