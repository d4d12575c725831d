"""The proof asks everything, and no edit that opens a door gets past it."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest

from policies import proof as proofs
from policies.engine import Engine
from policies.errors import PolicyError
from policies.invariants import INVARIANTS
from policies.proof import Broken, Proof, prove, prove_once
from policies.question import Mode, Purpose, Question, Registration
from policies.texts import SCHEMA
from policies.verdict import Fault, Permit, Refusal

Edit = Callable[[str, str, str], Path]


def test_the_policy_is_proven(engine: Engine) -> None:
    """All 172,800 questions were asked, and every statement holds of every answer."""
    proof = prove(engine)
    assert isinstance(proof, Proof), str(proof)
    assert (proof.questions, proof.requests) == (172_800, 16_800)
    assert len(proof.invariants) == sum(map(len, INVARIANTS.values()))
    assert len({invariant.name for invariant in proof.invariants}) == len(proof.invariants)


def test_a_permitted_newsletter_is_stopped(edit: Edit) -> None:
    """Moving one purpose among OTTO's six is found, with the case that now passes."""
    path = edit(SCHEMA, '"recall", ', '"recall", "newsletter", ')
    text = (path / SCHEMA).read_text("utf-8")
    (path / SCHEMA).write_text(text.replace('"marketing", "newsletter", ', '"marketing", '))
    broken = prove(Engine.load(path))
    assert isinstance(broken, Broken)
    assert broken.invariant.name == "nothing-for-marketing"
    assert broken.question == Question.parse({"role": "merchant", "purpose": "newsletter"})
    assert broken.answer == Permit("otto-six-by-relay")
    assert str(broken) == (
        "The policy breaks nothing-for-marketing: Marketing is permitted to nobody, by no way.\n"
        "Smallest case:\n"
        "  role = merchant\n"
        "  channel = relay\n"
        "  purpose = newsletter\n"
        "  purpose_registered = true\n"
        "  fields_registered = true\n"
        "  registration = current\n"
        "  responsible = true\n"
        "  mode = freight\n"
        "  window = open\n"
        "  erased = false\n"
        "  -> permitted by otto-six-by-relay"
    )


def test_a_lapsed_carrier_is_stopped(edit: Edit) -> None:
    """Where both the permit and the forbid let a lapsed carrier through, the proof does not."""
    current = 'principal.registration == Registration::"current"'
    lenient = f'({current} || principal.registration == Registration::"lapsed")'
    edit("registration.cedar", current, lenient)
    broken = prove(Engine.load(edit("freight-contact.cedar", current, lenient)))
    assert isinstance(broken, Broken)
    assert broken.invariant.name == "freight-contact-to-current-registrations-only"
    assert broken.question == replace(Question.best(), registration=Registration.LAPSED)


def test_a_forbid_that_fails_is_stopped(edit: Edit) -> None:
    """A rule that fails to evaluate for parcels is found, smallest case first."""
    overflow = 'resource.mode == Mode::"parcel" && 9223372036854775807 + 1 > 0'
    broken = prove(
        Engine.load(edit("freight-contact.cedar", 'resource.mode == Mode::"parcel"', overflow))
    )
    assert isinstance(broken, Broken)
    assert broken.invariant.name == "every-answer-is-clean"
    assert broken.question == replace(Question.best(), mode=Mode.PARCEL)
    assert isinstance(broken.answer, Fault)


def test_a_missing_forbid_is_stopped(edit: Edit) -> None:
    """Without its forbid a refusal loses its reason, and that is found as well."""
    broken = prove(
        Engine.load(
            edit(
                "purposes.cedar",
                'action in Action::"direct-contact-family"',
                'action == Action::"direct-contact"',
            )
        )
    )
    assert isinstance(broken, Broken)
    assert broken.invariant.name == "reasons-are-complete-and-true"
    assert broken.question == replace(Question.best(), purpose=Purpose.ORDER_CONFIRMATION)
    assert isinstance(broken.answer, Refusal)


def test_a_stricter_rule_is_welcome(texts_dir: Path) -> None:
    """Whoever forbids more breaks no statement: all releases can be stopped by one rule."""
    (texts_dir / "stop.cedar").write_text(
        '@id("stop") @reason("purpose_not_permitted") @text("Stopped.") @text_de("Gestoppt.")\n'
        '@source("the merchant") forbid (principal, action, resource);'
    )
    assert isinstance(prove(Engine.load(texts_dir)), Proof)


def test_without_schema_nothing_is_proven(texts_dir: Path) -> None:
    """A policy whose schema is gone does not come as far as the proof."""
    (texts_dir / SCHEMA).unlink()
    with pytest.raises(PolicyError, match=SCHEMA):
        Engine.load(texts_dir)


# ---- What was proven once -------------------------------------------------------------------


@pytest.fixture
def proving(monkeypatch: pytest.MonkeyPatch) -> list[Engine]:
    """Counts the proofs made from here on, and spares the making."""
    made: list[Engine] = []

    def made_up(engine: Engine) -> Proof:
        made.append(engine)
        return Proof(172_800, 16_800, tuple(chain.from_iterable(INVARIANTS.values())))

    monkeypatch.setattr(proofs, "prove", made_up)
    return made


def test_a_proof_is_made_once(engine: Engine, proving: list[Engine], tmp_path: Path) -> None:
    """The second start reads what the first one proved, and gives the same proof."""
    memory = tmp_path / "var" / "policy-proof.json"
    first = prove_once(engine, memory)
    assert prove_once(engine, memory) == first
    assert len(proving) == 1
    assert [file.name for file in memory.parent.iterdir()] == ["policy-proof.json"]


@pytest.mark.parametrize("spoilt", ["", "{", "[]", "null", "{}", '{"rests_on": "sha256:0"}'])
def test_a_spoilt_memory_is_no_proof(
    engine: Engine, proving: list[Engine], tmp_path: Path, spoilt: str
) -> None:
    """Whatever is not this policy's proof, word for word, is proven anew and written over."""
    memory = tmp_path / "policy-proof.json"
    memory.write_text(spoilt)
    prove_once(engine, memory)
    assert len(proving) == 1
    assert json.loads(memory.read_text())["questions"] == 172_800


def test_another_policy_is_proven_anew(
    engine: Engine, proving: list[Engine], edit: Edit, tmp_path: Path
) -> None:
    """The proof of one text says nothing of another, be it only a comment that differs."""
    memory = tmp_path / "policy-proof.json"
    prove_once(engine, memory)
    prove_once(Engine.load(edit("registration.cedar", "beforehand", "before")), memory)
    assert len(proving) == 2


def test_another_cedar_is_proven_anew(
    engine: Engine, proving: list[Engine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proof made with one version of Cedar does not hold for the next."""
    memory = tmp_path / "policy-proof.json"
    prove_once(engine, memory)
    monkeypatch.setattr(proofs, "version", lambda _: "99")
    prove_once(engine, memory)
    assert len(proving) == 2


def test_a_broken_policy_is_not_remembered(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What broke is not written down: the next start proves, and refuses, again."""
    [invariant] = INVARIANTS[Fault]
    broken = Broken(invariant, Question.best(), Fault("overflow"))
    monkeypatch.setattr(proofs, "prove", lambda _: broken)
    assert prove_once(engine, tmp_path / "policy-proof.json") == broken
    assert list(tmp_path.iterdir()) == []
