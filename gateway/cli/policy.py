"""`gateway policy`: the installed rules, checked, explained and published; publishing takes two people."""

import json
import tomllib
from pathlib import Path
from typing import Any

import click

from gateway.cli.nouns import Noun
from gateway.cli.output import show
from gateway.cli.running import Run, json_option, pass_run
from gateway.errors import ConfigurationError, InvalidInput
from gateway.model.times import rfc3339
from gateway.usecases import publishing
from policies import cases, table
from policies.engine import Engine
from policies.errors import EngineFault, PolicyError
from policies.explain import explain as explained
from policies.proof import Broken, prove
from policies.question import FactError, Question


@click.group(cls=Noun)
def policy() -> None:
    """What is permitted, what is not, and why."""


@policy.command()
@json_option
def check(as_json: bool) -> None:
    """Ask every possible question and every case of the table; exit status 1 if one is answered wrong."""
    engine = _engine()
    try:
        proof = prove(engine)
        wrong = [] if isinstance(proof, Broken) else cases.check(engine)
        count = len(cases.load_cases())
    except (PolicyError, EngineFault) as fault:
        raise ConfigurationError(f"the policy does not answer: {fault}") from fault
    if isinstance(proof, Broken):
        show(
            as_json, {"policy": engine.version, "holds": False, "broken": str(proof)}, [str(proof)]
        )
        raise click.exceptions.Exit(1)
    data = {
        "policy": engine.version,
        "holds": not wrong,
        "questions": proof.questions,
        "invariants": [{"name": one.name, "says": one.says} for one in proof.invariants],
        "cases": count,
        "wrong": [str(one) for one in wrong],
    }
    lines = [
        f"Policy {engine.version}",
        f"All {proof.questions} possible questions were asked; {len(proof.invariants)} statements hold:",
        *(f"  {one.says}" for one in proof.invariants),
        *(str(one) for one in wrong),
        f"{count - len(wrong)} of {count} cases of the table are answered as it says.",
    ]
    show(as_json, data, lines)
    if wrong:
        raise click.exceptions.Exit(1)


@policy.command("show")
@click.option("--texts", is_flag=True, help="Print the rules themselves instead of the table.")
@json_option
def show_(texts: bool, as_json: bool) -> None:
    """Show who may use which way to the buyer for what, and the reasons against the rest."""
    engine = _engine()
    rows = table.decision_table(engine)
    data = {
        "version": engine.version,
        "texts": dict(engine.texts),
        "table": [row.as_json() for row in rows],
    }
    if texts:
        lines = [f"// {name}\n\n{text}" for name, text in engine.texts.items()]
    else:
        lines = [f"Policy {engine.version}", "", table.render(rows)]
    show(as_json, data, lines)


@policy.command()
@click.option(
    "--case",
    "file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE|-",
    help="The facts, as TOML or JSON; those left out are as good as they can be.",
)
@json_option
def explain(file: Path, as_json: bool) -> None:
    """Say what is decided in a case, and which rule decides it.

    \b
    Example:
      echo 'role = "carrier"
      purpose = "marketing"' | gateway policy explain --case -
    """
    try:
        question = Question.parse(_facts(file))
        explanation = explained(_engine(), question)
    except FactError as fault:
        raise InvalidInput({name: [text] for name, text in fault.errors.items()}) from None
    except EngineFault as fault:
        raise ConfigurationError(f"the policy does not answer: {fault}") from fault
    show(as_json, explanation.as_json(), [explanation.render()])


@policy.command()
@click.option(
    "--break-glass",
    metavar="REASON",
    help="Approve them alone and at once; that one person did, and why, stays on record.",
)
@json_option
@pass_run
def publish(run: Run, break_glass: str | None, as_json: bool) -> None:
    """Propose the installed rules; they decide once somebody approved them on /console/policy.

    Until then the rules that were approved before go on deciding.

    \b
    Examples:
      gateway policy publish
      gateway policy publish --break-glass "a rule refuses every carrier; nobody else can be reached"
    """
    rulebook = run.services.rulebook
    version = rulebook.installed.version
    if break_glass is not None:
        publishing.break_glass(rulebook, break_glass, run.request_id)
        lines = [f"{version} decides, approved by one person alone; that is on record."]
        show(as_json, {"policy": version, "decides": True, "until": None}, lines)
        return
    proposal = publishing.propose(rulebook, None, run.request_id)
    until = rfc3339(proposal.ends_at)
    lines = [
        f"{version} waits for a second person, who approves it on /console/policy until {until}."
    ]
    show(as_json, {"policy": version, "decides": False, "until": until}, lines)


def _facts(file: Path) -> dict[str, Any]:
    try:
        with click.open_file(str(file), "rb") as source:
            text = source.read().decode()
        facts = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (OSError, ValueError) as fault:
        raise ConfigurationError(f"{file}: {fault}") from None
    return dict(facts)


def _engine() -> Engine:
    try:
        return Engine.load()
    except PolicyError as fault:
        raise ConfigurationError(f"the policy does not load: {fault}") from fault
