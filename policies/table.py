"""The whole policy at a glance: who may use which way for what, all other facts being for it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from policies.engine import Engine
from policies.question import Channel, Purpose, Question, Role
from policies.verdict import Permit, ReasonCode

_TITLES = {
    Channel.CARRIER: "The freight contact (carrier)",
    Channel.RELAY: "OTTO's relay address (relay)",
    Channel.PARTNER_CONNECT: "OTTO Partner Connect (otto-partner-connect)",
}


@dataclass(frozen=True, slots=True)
class Row:
    """The answer to one role's asking for one purpose by one channel, no other fact against it.

    ``policy`` is the rule that decides, the weightiest one of a refusal. ``reasons`` are empty for
    a permit.
    """

    purpose: Purpose
    role: Role
    channel: Channel
    permitted: bool
    policy: str
    reasons: tuple[ReasonCode, ...]

    def as_json(self) -> dict[str, object]:
        """The row as the service publishes it."""
        return {
            "purpose": self.purpose.value,
            "role": self.role.value,
            "channel": self.channel.value,
            "outcome": "permitted" if self.permitted else "refused",
            "policy": self.policy,
            "reasons": [code.value for code in self.reasons],
        }


def decision_table(engine: Engine) -> tuple[Row, ...]:
    """A row for every purpose, role and channel, in this order."""
    return tuple(
        _row(engine, purpose, role, channel)
        for purpose, role, channel in product(Purpose, Role, Channel)
    )


def _row(engine: Engine, purpose: Purpose, role: Role, channel: Channel) -> Row:
    verdict = engine.decide(Question.best(role, channel, purpose))
    permitted = isinstance(verdict, Permit)
    return Row(purpose, role, channel, permitted, verdict.policy, verdict.codes)


def render(rows: Iterable[Row]) -> str:
    """The table for a terminal: a grid a channel, refusals by number, the numbers explained."""
    return "\n".join(_lines(tuple(rows)))


def _lines(rows: tuple[Row, ...]) -> Iterator[str]:
    numbers = {code: str(number) for number, code in enumerate(ReasonCode, start=1)}
    cells = {
        (row.purpose, row.role, row.channel): (
            "permitted"
            if row.permitted
            else "no " + " ".join(numbers[code] for code in row.reasons)
        )
        for row in rows
    }
    for channel in Channel:
        yield _TITLES[channel]
        yield _line("", (role.value for role in Role))
        for purpose in Purpose:
            yield _line(purpose.value, (cells[purpose, role, channel] for role in Role))
        yield ""
    used = {code for row in rows for code in row.reasons}
    yield from (f"{number:>4}  {code}" for code, number in numbers.items() if code in used)


def _line(head: str, cells: Iterable[str]) -> str:
    return f"  {head:<24}{''.join(f'{cell:<12}' for cell in cells)}".rstrip()
