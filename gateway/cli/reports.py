"""`gateway reports`: what authorities, auditors and buyers ask for, as text, as PDF or as data."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gateway.cli.nouns import Noun
from gateway.cli.output import table
from gateway.cli.running import Run, json_option, merchant_option, pass_run
from gateway.cli.types import OneOf
from gateway.console.printing import pdf
from gateway.console.telling import Content, told
from gateway.console.telling.document import Document, Section
from gateway.console.words import Language, Words, shipped
from gateway.usecases.actors import OPERATOR
from gateway.usecases.reports import access as access_review
from gateway.usecases.reports import breach as breach_scope
from gateway.usecases.reports import buyer
from gateway.usecases.reports import erasure as erasure_proof
from gateway.usecases.reports import processing as processing_record
from gateway.usecases.reports.made import Made, as_json
from gateway.usecases.reports.period import Period


@click.group(cls=Noun)
def reports() -> None:
    """What authorities and auditors ask for.

    Each report carries the signed checkpoint that it rests on, and is itself put on record. Days
    are those of console.time_zone.
    """


def _form(command: Callable[..., Any]) -> Callable[..., Any]:
    """In which form and language, and about whom."""
    command = click.option(
        "--pdf",
        "paper",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Write a PDF instead of printing.",
    )(command)
    command = click.option(
        "--language", type=OneOf(Language), default=Language.ENGLISH.value, show_default=True
    )(command)
    return json_option(merchant_option(command))


@reports.command(short_help="Who received a buyer's contact (GDPR 15).")
@click.option("--order", "numbers", required=True, multiple=True, metavar="N", help="Repeatable.")
@_form
@pass_run
def recipients(run: Run, /, numbers: tuple[str, ...], merchant: str, **form: Any) -> None:
    """Who received the contact of these orders, when, which fields and what for.

    \b
    Example:
      gateway reports recipients --order bagm62dvgp --language de --pdf auskunft.pdf
    """
    _give(run, form, _of_buyer(run, buyer.recipients, merchant, numbers))


@reports.command(short_help="Whom to tell of an erasure (GDPR 19).")
@click.option("--order", "numbers", required=True, multiple=True, metavar="N", help="Repeatable.")
@_form
@pass_run
def notification(run: Run, /, numbers: tuple[str, ...], merchant: str, **form: Any) -> None:
    """Everybody who is to be told before these orders are erased."""
    _give(run, form, _of_buyer(run, buyer.notification, merchant, numbers))


@reports.command(short_help="The record of processing (GDPR 30).")
@_form
@pass_run
def processing(run: Run, /, merchant: str, **form: Any) -> None:
    """The record of processing activities, written from what is configured and registered."""
    made = processing_record.processing(
        run.services, run.merchant(merchant), OPERATOR, run.request_id
    )
    _give(run, form, made)


@reports.command(short_help="The scope of a breach (GDPR 33).")
@click.option("--from", "first", required=True, metavar="DAY", help="The first day.")
@click.option("--to", "last", required=True, metavar="DAY", help="The last day.")
@click.option("--carrier", metavar="ID", help="What went to this carrier only.")
@click.option("--client", metavar="ID", help="What went through this client only.")
@_form
@pass_run
def breach(
    run: Run,
    /,
    first: str,
    last: str,
    carrier: str | None,
    client: str | None,
    merchant: str,
    **form: Any,
) -> None:
    """How many buyers and records, which fields, to whom, and the proof of the log over the period.

    \b
    Example:
      gateway reports breach --from 2026-11-20 --to 2026-11-23 --carrier dachser
    """
    covered = Period.of_days(first, last, run.settings.console.time_zone)
    owner = run.merchant(merchant)
    made = breach_scope.breach(
        run.services, owner, OPERATOR, covered, carrier, client, run.request_id
    )
    _give(run, form, made)


@reports.command(short_help="The access review of a quarter.")
@click.option("--quarter", required=True, metavar="QUARTER", help="Such as 2026q4.")
@_form
@pass_run
def access(run: Run, /, quarter: str, merchant: str, **form: Any) -> None:
    """Who could reach contacts or the log in a quarter, and who did."""
    owner = run.merchant(merchant)
    made = access_review.access(run.services, owner, OPERATOR, quarter, run.request_id)
    _give(run, form, made)


@reports.command(short_help="The proof of an erasure (GDPR 17).")
@click.argument("entry_id", metavar="ENTRY_ID")
@_form
@pass_run
def erasure(run: Run, /, entry_id: str, merchant: str, **form: Any) -> None:
    """The proof that a buyer was erased, by the id of the log's entry subject.erased."""
    owner = run.merchant(merchant)
    made = erasure_proof.erasure(run.services.store, owner, OPERATOR, entry_id, run.request_id)
    _give(run, form, made)


def _of_buyer(
    run: Run, make: Callable[..., Made[Content]], merchant: str, numbers: tuple[str, ...]
) -> Made[Content]:
    owner, deadlines = run.merchant(merchant), run.settings.deadlines
    return make(run.services.store, deadlines, owner, OPERATOR, numbers, run.request_id)


def _give(run: Run, form: dict[str, Any], made: Made[Content]) -> None:
    """In the form that was asked for."""
    if form["as_json"]:
        click.echo(json.dumps(as_json(made), ensure_ascii=False, indent=2))
        return
    words = Words(shipped(), form["language"], run.settings.console.time_zone)
    document = told(words, made)
    if form["paper"] is None:
        click.echo("\n".join(_lines(document)))
        return
    form["paper"].write_bytes(pdf(document, made.made_at, str(words("site.name"))))
    click.echo(f"{form['paper']}: {document.title}, {document.made}")


def _lines(document: Document) -> list[str]:
    head = [f"{document.title} ({document.law})", document.made, "", document.lead]
    return [*head, *(line for section in document.sections for line in _section(section))]


def _section(section: Section) -> list[str]:
    lines = ["", section.heading, *(f"  {text}" for text in section.texts)]
    width = max((len(name) for name, _ in section.facts), default=0)
    lines += [f"  {name.ljust(width)}  {value}" for name, value in section.facts]
    lines += [f"  - {point}" for point in section.points]
    if section.table is not None and section.table.rows:
        lines += [f"  {line}" for line in table(section.table.head, section.table.rows)]
    elif section.empty:
        lines.append(f"  {section.empty}")
    return lines + [f"  {line}".rstrip() for line in section.code.splitlines()]
