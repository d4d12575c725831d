"""`gateway handover export`: a carrier's contacts as a file that the carrier alone can read."""

import sys
from pathlib import Path

import click

from gateway.cli.output import show
from gateway.cli.running import Run, json_option, merchant_option, pass_run
from gateway.errors import Conflict, InvalidInput
from gateway.handover import export as handing
from gateway.handover.export import Export, Form
from gateway.handover.files.edifact import Charset
from gateway.handover.files.fortras import EmailCode
from gateway.handover.files.iftmin import Directory
from gateway.handover.keys import carrier_keys
from gateway.handover.letter import sealed_file
from gateway.model.carrier import Carrier
from gateway.usecases import register
from gateway.usecases.actors import OPERATOR
from gateway.usecases.questions import CONTACT_FIELDS
from gateway.vault.keyfile import replace_private

_IFTMIN, _FORTRAS = "iftmin", "fortras"
_STDOUT = "-"


@click.command()
@click.option("--carrier", "carrier_id", required=True, metavar="ID", help="The carrier.")
@click.option(
    "--format", "form", required=True, type=click.Choice([_IFTMIN, _FORTRAS, "csv", "vcard"])
)
@click.option("--out", required=True, metavar="FILE|-", help="Where it is written, mode 0600.")
@click.option(
    "--order",
    "orders",
    multiple=True,
    metavar="ORDER",
    help="This one; may be repeated. Without it, all that wait for an appointment.",
)
@click.option(
    "--field",
    "fields",
    multiple=True,
    type=click.Choice(CONTACT_FIELDS),
    help="This one; may be repeated. Without it, all that the carrier is registered for.",
)
@click.option(
    "--directory",
    type=click.Choice([it.value for it in Directory]),
    default=Directory.D01B.value,
    show_default=True,
    help="Of iftmin.",
)
@click.option(
    "--charset",
    type=click.Choice([it.value for it in Charset]),
    default=Charset.UNOC.value,
    show_default=True,
    help="Of iftmin; what it does not have keeps an order out of the file.",
)
@click.option(
    "--email-code",
    type=click.Choice([it.value for it in EmailCode]),
    default=EmailCode.EML.value,
    show_default=True,
    help="Of fortras: how the carrier's network calls e-mail.",
)
@click.option("--plain", is_flag=True, help="Not encrypted, and to a terminal only: --out -")
@merchant_option
@json_option
@pass_run
def export(
    run: Run,
    carrier_id: str,
    form: str,
    out: str,
    orders: tuple[str, ...],
    fields: tuple[str, ...],
    directory: str,
    charset: str,
    email_code: str,
    plain: bool,
    merchant: str,
    as_json: bool,
) -> None:
    """Write a carrier's contacts into a file, encrypted for the carrier's registered key.

    Every contact in it is a release: decided, on record, with a receipt. What was refused or did not
    fit is named by its order; then the exit status is 1. The file is a JWE (RFC 7516) around a JWS
    that the gateway signed: gateway.client opens it, and any JOSE library.

    \b
    Examples:
      gateway handover export --carrier dachser --format iftmin --out dachser.edi.jwe
      gateway handover export --carrier dachser --format fortras --out dachser.bord.jwe
      gateway handover export --carrier dachser --format csv --out - > dachser.csv.jwe
      gateway handover export --carrier dachser --format vcard --order bagm62dvgp --out - --plain
    """
    merchant = run.merchant(merchant)
    carrier = _carrier(run, merchant, carrier_id)
    _check(carrier, out, plain=plain)
    chosen = _form(run, form, directory, charset, email_code, merchant, carrier_id)
    done = handing.export(
        run.services,
        merchant,
        carrier,
        chosen,
        orders,
        [name for name in CONTACT_FIELDS if name in fields] or None,
        OPERATOR,
        run.request_id,
    )
    _write(out, done.content if plain else _sealed(run, merchant, carrier, chosen, done))
    _tell(done, as_json)
    if done.refused or done.unfit:
        raise click.exceptions.Exit(1)


def _carrier(run: Run, merchant: str, carrier_id: str) -> Carrier:
    named = [
        it for it in register.listing(run.services.store, merchant) if it.carrier_id == carrier_id
    ]
    if not named:
        raise InvalidInput(
            {"carrier": [f"{carrier_id} is not registered; gateway carriers list shows who is"]}
        )
    return named[0]


def _check(carrier: Carrier, out: str, *, plain: bool) -> None:
    """Before anything is released: whether the file can be written, for whom it is meant."""
    if plain:
        if out != _STDOUT or not sys.stdout.isatty():
            raise click.UsageError("--plain is for a terminal: --out -, and no pipe")
        return
    if carrier.public_key is None:
        raise Conflict(
            f"{carrier.carrier_id} has registered no public_key to encrypt to (carriers.toml)"
        )
    if out == _STDOUT:
        return
    folder = Path(out).absolute().parent
    if not folder.is_dir() or Path(out).is_dir():
        raise InvalidInput({"out": [f"{out} cannot be written"]})


def _form(
    run: Run,
    form: str,
    directory: str,
    charset: str,
    email_code: str,
    merchant: str,
    carrier_id: str,
) -> Form:
    if form == _FORTRAS:
        return handing.bordero(EmailCode(email_code), run.services, merchant, carrier_id)
    if form != _IFTMIN:
        return {"csv": handing.CSV, "vcard": handing.VCARD}[form]
    return handing.edifact(
        Directory(directory), Charset(charset), run.services, merchant, carrier_id
    )


def _sealed(run: Run, merchant: str, carrier: Carrier, form: Form, done: Export) -> bytes:
    keys = carrier_keys(run.services.keyring, merchant, carrier.carrier_id, run.clock())
    letter = sealed_file(done.content, form.media_type, keys.senders[-1], carrier.public_key or "")
    return letter.encode()


def _write(out: str, content: bytes) -> None:
    if out == _STDOUT:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        replace_private(Path(out), content)
    except OSError as fault:
        raise InvalidInput({"out": [f"{out} cannot be written: {fault.strerror}"]}) from fault


def _tell(done: Export, as_json: bool) -> None:
    """On the error stream, for the file may go to the other one."""
    data = {"exported": done.exported, "refused": done.refused, "unfit": done.unfit}
    lines = [f"{len(done.exported)} contacts exported, each on record."]
    lines += [f"refused: order {number}: {', '.join(it)}" for number, it in done.refused.items()]
    lines += [f"not in the file: order {number}: {why}" for number, why in done.unfit.items()]
    show(as_json, data, lines, err=True)
