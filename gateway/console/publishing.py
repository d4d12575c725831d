"""New rules on their way: what they would change, and the second person who has them decide."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff

from gateway.console import rules
from gateway.console.page import EVERY_OFFICE, Go, Reply, Visit, page
from gateway.usecases import publishing
from gateway.usecases.publishing import Candidate
from policies.changes import Change, changes, compared
from policies.engine import Engine

_SHOWN = 60
"""Changed cases that are told one by one."""

_MARKS = {"+": "added", "-": "removed", "@": "place"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Rules that do not decide yet: what differs, file by file and case by case.

    `files` holds lines with what became of each; `changes` the first of `changed` cases among
    `compared`. Without rules that decide there is nothing to compare with.
    """

    candidate: Candidate
    short: str
    files: Mapping[str, Sequence[tuple[str, str]]]
    changes: Sequence[Change]
    changed: int
    compared: int


def pending(visit: Visit, deciding: Engine | None) -> Pending | None:
    """What waits, or would, if anything differs from what decides."""
    found = publishing.candidate(visit.services.rulebook)
    if found is None:
        return None
    changed = [] if deciding is None else changes(deciding, found.rules)
    return Pending(
        candidate=found,
        short=rules.version(found.rules.version),
        files=_files({} if deciding is None else deciding.texts, found.rules.texts),
        changes=changed[:_SHOWN],
        changed=len(changed),
        compared=sum(1 for _ in compared()),
    )


@page("POST", "/policy/proposals", access=EVERY_OFFICE, name="rules_propose", place="policy")
def rules_propose(visit: Visit) -> Reply:
    """Proposes the installed rules."""
    publishing.propose(visit.services.rulebook, visit.account, visit.request_id)
    return Go(page="policy", values={"done": "rules_proposed"})


@page(
    "POST",
    "/policy/proposals/<proposal>/confirm",
    access=EVERY_OFFICE,
    name="rules_confirm",
    place="policy",
)
def rules_confirm(visit: Visit) -> Reply:
    """Has the rules decide that somebody else proposed."""
    version = visit.form.get("version", "")
    book, proposal = visit.services.rulebook, visit.path["proposal"]
    publishing.confirm(book, visit.account, proposal, version, visit.request_id)
    return Go(page="policy", values={"done": "rules_approved"})


@page(
    "POST",
    "/policy/proposals/<proposal>/withdraw",
    access=EVERY_OFFICE,
    name="rules_withdraw",
    place="policy",
)
def rules_withdraw(visit: Visit) -> Reply:
    """Refuses what was proposed, or takes it back."""
    book, proposal = visit.services.rulebook, visit.path["proposal"]
    publishing.withdraw(book, visit.account, proposal, visit.request_id)
    return Go(page="policy", values={"done": "rules_withdrawn"})


def _files(
    before: Mapping[str, str], after: Mapping[str, str]
) -> dict[str, Sequence[tuple[str, str]]]:
    """The files that differ, each with its lines of difference."""
    names = sorted(before.keys() | after.keys())
    found = {name: [*_lines(before.get(name, ""), after.get(name, ""))] for name in names}
    return {name: lines for name, lines in found.items() if lines}


def _lines(before: str, after: str) -> Iterator[tuple[str, str]]:
    _, _, *lines = [*unified_diff(before.splitlines(), after.splitlines(), lineterm="")] or ["", ""]
    for line in lines:
        yield _MARKS.get(line[0], "same"), line
