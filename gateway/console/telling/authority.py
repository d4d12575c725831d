"""What an authority asks for, in words: the record of processing, and the scope of a breach."""

from collections.abc import Iterator

from gateway.console.telling.document import Section, Table
from gateway.console.telling.speech import Speech
from gateway.usecases.reports.breach import Scope
from gateway.usecases.reports.continuity import Continuity
from gateway.usecases.reports.processing import Processing

_MEASURES = ("sealed", "keys", "policy", "log", "accounts", "second_person")


def processing(say: Speech, content: Processing) -> Iterator[Section]:
    """In the order of GDPR 30(1)."""
    yield Section(heading=say("report.processing.who"), texts=(say("report.processing.who_text"),))
    yield Section(
        heading=say("report.processing.what_for"),
        facts=(
            (say.purposes(content.purposes), say("report.processing.freight")),
            (say("report.processing.relay_name"), say("report.processing.relay")),
        ),
        texts=(say("report.processing.basis"),),
        points=tuple(say.called("purpose", name) for name in content.relay_purposes),
    )
    yield Section(
        heading=say("report.processing.whose"),
        facts=(
            (say("report.processing.people"), say("report.processing.buyers")),
            (say("report.processing.data"), say.fields(content.fields)),
        ),
    )
    heads = ("recipient", "fields", "purpose", "until")
    yield Section(
        heading=say("report.processing.recipients"),
        table=Table(
            head=tuple(say(f"report.column.{name}") for name in heads),
            rows=tuple(
                (
                    one.carrier_name,
                    say.fields(one.fields),
                    say.purposes(one.purposes),
                    say.last_day(one.valid_until),
                )
                for one in content.recipients
            ),
        ),
        empty=say("report.processing.no_recipients"),
    )
    yield Section(
        heading=say("report.processing.abroad"), texts=(say("report.processing.abroad_text"),)
    )
    yield Section(
        heading=say("report.processing.erasure"),
        points=(
            say("report.processing.window", n=content.window_after_delivery_days),
            say("report.processing.after_delivery", n=content.erased_after_delivery_days),
            say("report.processing.latest", n=content.erased_latest_days),
        ),
    )
    yield Section(
        heading=say("report.processing.measures"),
        points=tuple(say(f"report.processing.measure.{name}") for name in _MEASURES),
        facts=(
            (
                say("report.processing.provider"),
                say.called("report.processing.keys", content.key_provider),
            ),
            (say("report.processing.rollover"), say(f"report.processing.{content.log_period}")),
            (say("report.processing.policy"), content.policy),
        ),
    )


def scope(say: Speech, content: Scope) -> Iterator[Section]:
    """What GDPR 33(3) asks for, then the proof."""
    narrowed = [
        (say(f"report.column.{name}"), value)
        for name, value in (("carrier", content.carrier_id), ("client", content.client_id))
        if value is not None
    ]
    yield Section(
        heading=say("report.breach.extent"),
        facts=(
            (say("report.period"), say.period(content.period)),
            *narrowed,
            (say("report.breach.subjects"), say.number(content.subjects)),
            (say("report.breach.releases"), say.number(content.releases)),
            (
                say("report.breach.fields"),
                ", ".join(
                    f"{say.called('field', name)} ({say.number(n)})"
                    for name, n in content.fields.items()
                )
                or say("report.none"),
            ),
            (
                say("report.column.first"),
                say.exact(content.first_at) if content.first_at else say("report.none"),
            ),
            (
                say("report.column.last"),
                say.exact(content.last_at) if content.last_at else say("report.none"),
            ),
            (say("report.breach.refusals"), say.number(content.refusals)),
        ),
        texts=(say("report.breach.subjects_text"),),
    )
    heads = ("recipient", "client", "times", "first", "last")
    yield Section(
        heading=say("report.breach.recipients"),
        table=Table(
            head=tuple(say(f"report.column.{name}") for name in heads),
            rows=tuple(
                (
                    one.carrier_name,
                    say.called("actor", one.actor_name),
                    say.number(one.releases),
                    say.moment(one.first_at),
                    say.moment(one.last_at),
                )
                for one in content.received
            ),
        ),
        empty=say("report.nobody"),
    )
    if content.others:
        yield Section(
            heading=say("report.breach.others"),
            facts=tuple(
                (say.called("action", name), say.number(n)) for name, n in content.others.items()
            ),
        )
    yield Section(
        heading=say("report.breach.proof"),
        texts=(
            say("report.breach.proof_text" if content.continuity else "report.breach.no_entries"),
        ),
    )
    for one in content.continuity:
        yield _continuity(say, one)


def _continuity(say: Speech, one: Continuity) -> Section:
    parts = [say("report.breach.before"), one.before or f"{say('report.breach.beginning')}\n"]
    if one.proof:
        parts += [say("report.breach.hashes"), *one.proof, ""]
    parts += [say("report.breach.after"), one.after]
    return Section(
        heading=say("report.breach.log", origin=one.origin),
        facts=(
            (
                say("report.breach.entries"),
                say(
                    "report.breach.entries_text",
                    first=say.number(one.first),
                    last=say.number(one.last),
                ),
            ),
        ),
        code="\n".join(parts),
    )
