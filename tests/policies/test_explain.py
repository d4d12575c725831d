"""An explanation shows the facts, the verdict and the rules that gave it, word for word."""

from pathlib import Path

from policies.engine import Engine
from policies.explain import explain
from policies.question import Question


def test_a_refusal_is_explained_by_its_rules(engine: Engine) -> None:
    """The rules stand in the order of the reasons, with their text as written, and the guidance."""
    question = Question.parse({"registration": "lapsed", "mode": "parcel"})
    explanation = explain(engine, question)
    assert explanation.verdict == engine.decide(question)
    ids = ["carrier-registration-must-be-current", "parcels-have-no-freight-contact"]
    assert [policy.id for policy in explanation.policies] == ids
    text = explanation.render()
    assert "registration        lapsed" in text
    assert (
        "  not_freight: The item travels as a parcel; only freight items have a freight contact. "
        "[parcels-have-no-freight-contact]"
    ) in text
    assert "Instead: Have the merchant renew the carrier's registration." in text
    assert all(engine.policies[id_].cedar in text for id_ in ids)
    assert text.endswith(f"Policy {engine.version}")


def test_a_permit_is_explained_by_its_rule(engine: Engine) -> None:
    """A permit shows the rule that permits, and needs no guidance."""
    explanation = explain(engine, Question.best())
    assert [policy.id for policy in explanation.policies] == [
        "appointment-by-the-responsible-carrier"
    ]
    assert "Permitted by appointment-by-the-responsible-carrier." in explanation.render()
    assert "Instead" not in explanation.render()
    assert explanation.as_json() == {
        "question": Question.best().as_case(),
        "outcome": "permitted",
        "policy": "appointment-by-the-responsible-carrier",
        "reasons": [],
        "guidance": None,
        "rules": [
            {
                "policy": "appointment-by-the-responsible-carrier",
                "source": engine.policies["appointment-by-the-responsible-carrier"].source,
                "cedar": engine.policies["appointment-by-the-responsible-carrier"].cedar,
            }
        ],
        "version": engine.version,
    }


def test_a_refusal_as_json_has_the_reasons_of_the_service(engine: Engine) -> None:
    """Reasons are code, policy and text, as in the service's own refusal."""
    told = explain(engine, Question.parse({"role": "reviewer", "purpose": "survey"})).as_json()
    text = engine.policies["no-marketing"].text
    assert told["outcome"] == "refused"
    assert told["reasons"] == [
        {"code": "purpose_marketing", "policy": "no-marketing", "text": text}
    ]
    assert told["guidance"] is None


def test_the_default_has_no_rule_to_show(texts_dir: Path) -> None:
    """Where no rule permits and none forbids, the explanation says so and shows no rule."""
    (texts_dir / "purposes.cedar").unlink()
    explanation = explain(Engine.load(texts_dir), Question.parse({"purpose": "survey"}))
    assert explanation.policies == ()
    assert "No rule permits this; what no rule permits is refused." in explanation.render()
