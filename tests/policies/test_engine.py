"""The engine permits on a clean Allow of its own permits only; everything else lets nothing out."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
from cedarpy import AuthzResult
from hypothesis import given
from hypothesis import strategies as st

from policies.cases import load_cases
from policies.engine import DENY_UNLESS_PERMITTED, Engine
from policies.errors import EngineFault, PolicyError
from policies.question import Channel, Mode, Purpose, Question, Role
from policies.texts import SCHEMA
from policies.verdict import Fault, Permit, ReasonCode, Refusal

Edit = Callable[[str, str, str], Path]


def _codes(engine: Engine, **case: object) -> list[str]:
    return [code.value for code in engine.decide(Question.parse(case)).codes]


def test_the_responsible_carrier_gets_the_freight_contact(engine: Engine) -> None:
    """The one release: permitted, by the rule that says so."""
    assert engine.decide(Question.best()) == Permit("appointment-by-the-responsible-carrier")


def test_a_refusal_carries_the_words_of_its_rule(engine: Engine) -> None:
    """A reason is code, rule and the rule's own sentence in both languages."""
    refusal = engine.decide(Question.parse({"purpose": "newsletter"}))
    assert isinstance(refusal, Refusal)
    [reason] = refusal.reasons
    rule = engine.policies["no-marketing"]
    assert (reason.code, reason.policy) == (ReasonCode.PURPOSE_MARKETING, "no-marketing")
    assert (reason.text, reason.text_de) == (rule.text, rule.text_de)
    assert "never used for marketing" in reason.text


def test_all_reasons_come_at_once_each_code_once(engine: Engine) -> None:
    """All that applies is listed, the weightiest first; two rules of one code are one reason."""
    assert _codes(
        engine,
        purpose="recall",
        purpose_registered=False,
        registration="withdrawn",
        mode="unclassified",
        window="not_open",
        fields_registered=False,
        erased=True,
    ) == [
        "purpose_not_permitted",
        "recipient_not_registered",
        "unclassified",
        "window_not_open",
        "field_not_registered",
        "erased",
    ]


def test_a_merchant_is_not_told_of_a_registration_it_cannot_have(engine: Engine) -> None:
    """Asking for the freight contact, a merchant is refused for not being a carrier, and only so."""
    asked = {"role": "merchant", "channel": "carrier", "registration": "missing"}
    assert _codes(engine, **asked, responsible=False) == ["recipient_not_carrier"]


def test_the_same_question_has_the_same_verdict() -> None:
    """An answer from memory, one asked alone and one asked among all are the same answer."""
    alone, among_all = Engine.load(), Engine.load()
    among_all.answer_all()
    for case in load_cases():
        answer = alone.decide(case.question)
        assert answer == alone.decide(case.question) == among_all.decide(case.question)


def test_each_rule_is_there_with_its_words(engine: Engine) -> None:
    """Every rule is known by its id, in the order of files and text, with its source and text."""
    assert next(iter(engine.policies)) == "appointment-by-the-responsible-carrier"
    assert {policy.effect for policy in engine.policies.values()} == {"permit", "forbid"}
    for id_, policy in engine.policies.items():
        assert id_ == policy.id
        assert f'@id("{id_}")' in policy.cedar
        assert policy.cedar in engine.texts[policy.file]
        assert policy.cedar.endswith(";")
        assert policy.source
        assert (policy.reason is None) == (policy.effect == "permit")


def test_every_reason_code_has_its_rule(engine: Engine) -> None:
    """Each code of the contract is given by a rule that can be read."""
    given_by_rules = {policy.reason.code for policy in engine.policies.values() if policy.reason}
    assert given_by_rules == set(ReasonCode)


def test_a_directory_with_the_same_texts_is_the_same_policy(
    engine: Engine, texts_dir: Path
) -> None:
    """The version depends on the texts and not on where they lie."""
    copy = Engine.load(texts_dir)
    assert copy.version == engine.version
    assert dict(copy.texts) == dict(engine.texts)
    assert engine.texts[SCHEMA] == (files("policies") / SCHEMA).read_text("utf-8")


def test_any_edit_changes_the_version(engine: Engine, edit: Edit) -> None:
    """A word in a comment makes another version: what was decided stays attributable."""
    assert Engine.load(edit("registration.cedar", "beforehand", "before")).version != engine.version


# ---- What does not load ---------------------------------------------------------------------

COMPLETE = {
    "id": "extra",
    "reason": "purpose_not_permitted",
    "text": "No.",
    "text_de": "Nein.",
    "source": "GDPR 5(1)(b)",
}
ALL = "(principal, action, resource)"


def _rule(notes: dict[str, str], rule: str) -> str:
    return "\n".join([*(f'@{name}("{value}")' for name, value in notes.items()), rule])


def test_a_complete_further_rule_loads(texts_dir: Path) -> None:
    """A rule of one's own is welcome when it is complete."""
    (texts_dir / "extra.cedar").write_text(_rule(COMPLETE, f"forbid {ALL};"))
    stopped = Engine.load(texts_dir)
    assert stopped.decide(Question.best()).policy == "extra"


@pytest.mark.parametrize("note", COMPLETE)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_rule_without_its_words_does_not_load(
    texts_dir: Path, note: str, value: str | None
) -> None:
    """A forbid owes its id, its reason, its sentence in both languages, and its source."""
    notes = {**COMPLETE, note: value} if value is not None else {**COMPLETE}
    if value is None:
        del notes[note]
    (texts_dir / "extra.cedar").write_text(_rule(notes, f"forbid {ALL};"))
    with pytest.raises(PolicyError, match=rf"extra\.cedar: .+ lacks @{note}"):
        Engine.load(texts_dir)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (_rule({**COMPLETE, "reason": "purpose_marketting"}, f"forbid {ALL};"), "no reason code"),
        (_rule({**COMPLETE, "severity": "low"}, f"forbid {ALL};"), "a forbid knows no @severity"),
        (_rule(COMPLETE, f"permit {ALL};"), "a permit knows no @reason"),
        (_rule({**COMPLETE, "id": "no-marketing"}, f"forbid {ALL};"), "no-marketing is taken"),
        (
            _rule({**COMPLETE, "id": DENY_UNLESS_PERMITTED.policy}, f"forbid {ALL};"),
            "deny-unless-permitted is taken",
        ),
        (f"forbid {ALL};", "a rule without @id lacks @id"),
        (_rule(COMPLETE, "forbid (principal == ?principal, action, resource);"), "a template"),
        (_rule(COMPLETE, f"forbid {ALL}"), r"extra\.cedar"),
        (_rule(COMPLETE, f"forbid {ALL} when {{ true }}; and so on"), r"extra\.cedar"),
        ("", "no rule in it"),
        ("// forbid (principal, action, resource);", "no rule in it"),
        (_rule(COMPLETE, 'forbid (principal, action == Action::"adverts", resource);'), "not fit"),
        (_rule(COMPLETE, f"forbid {ALL} when {{ principal.paid }};"), "not fit"),
        (_rule(COMPLETE, f"forbid {ALL} when {{ resource.erased }};"), "not fit"),
        (_rule(COMPLETE, f'forbid {ALL} when {{ resource == Mode::"fright" }};'), "not fit"),
    ],
)
def test_an_unfit_rule_does_not_load(texts_dir: Path, text: str, complaint: str) -> None:
    """A rule that is unknown, taken, no Cedar or unfit for the schema stops the load by name."""
    (texts_dir / "extra.cedar").write_text(text)
    with pytest.raises(PolicyError, match=complaint):
        Engine.load(texts_dir)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("entity PartnerConnect;", "entity PartnerConnect", "unexpected"),
        ('"lapsed", "withdrawn"', '"lapsed"', "does not fit the facts of a question"),
        ("entity RelayAddress { erased: Bool };", "entity RelayAddress;", "does not fit the facts"),
        ("  mode: Mode,", "  mode: Mode, weight: Long,", "does not fit the facts of a question"),
        ('action "otto-six";', "", "otto-six"),
    ],
)
def test_an_unfit_schema_does_not_load(edit: Edit, old: str, new: str, complaint: str) -> None:
    """A schema that cannot be read, or that has not the facts of a question, stops the load."""
    with pytest.raises(PolicyError, match=complaint):
        Engine.load(edit(SCHEMA, old, new))


# ---- What is no clean answer ----------------------------------------------------------------


def test_a_forbid_that_fails_is_not_skipped(edit: Edit) -> None:
    """Cedar skips a forbid that overflows and answers Allow; here it is a fault and no permit."""
    engine = Engine.load(
        edit(
            "registration.cedar",
            'principal.registration == Registration::"current"',
            "9223372036854775807 + 1 > 0",
        )
    )
    lapsed = Question.parse({"registration": "lapsed"})
    for question in (Question.best(), lapsed):
        assert isinstance(engine.answer(question), Fault)
        with pytest.raises(EngineFault, match="overflow"):
            engine.decide(question)


def test_a_question_outside_the_schema_is_a_fault(edit: Edit, engine: Engine) -> None:
    """A request that the schema does not know gets no verdict, though a rule might permit it."""
    path = edit(SCHEMA, '"recall", ', "")
    blind = Engine.load(path)
    asked = Question.best(Role.MERCHANT, Channel.RELAY, Purpose.RECALL)
    assert isinstance(engine.decide(asked), Permit)
    with pytest.raises(EngineFault, match="recall"):
        blind.decide(asked)


@pytest.mark.parametrize(
    ("fact", "value"),
    [("purpose", Role.CARRIER), ("registration", Mode.FREIGHT), ("mode", Role.SHOP)],
)
def test_a_forged_question_is_a_fault(fact: str, value: object) -> None:
    """A question forced out of the finite set, past its own check, still gets no verdict."""
    forged = Question.best()
    object.__setattr__(forged, fact, value)
    with pytest.raises(EngineFault):
        Engine.load().decide(forged)


def test_no_answer_of_cedar_is_a_fault(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """If Cedar itself breaks down, nothing is decided."""
    fresh = Engine.load()
    monkeypatch.setattr(fresh, "_rules", None)
    with pytest.raises(EngineFault, match="did not answer"):
        fresh.decide(Question.best())


def test_what_no_rule_decides_is_refused(texts_dir: Path) -> None:
    """Deny unless permitted: without any forbid left, the refusal names this default."""
    for text in texts_dir.glob("*.cedar"):
        text.unlink()
    notes = {name: value for name, value in COMPLETE.items() if name != "reason"}
    rule = 'permit (principal is Carrier, action == Action::"delivery-appointment", resource);'
    (texts_dir / "one.cedar").write_text(_rule(notes, rule))
    engine = Engine.load(texts_dir)
    assert engine.decide(Question.best()) == Permit("extra")
    refused = engine.decide(Question.parse({"purpose": "recall"}))
    assert refused == Refusal((DENY_UNLESS_PERMITTED,))


IDS = [
    "appointment-by-the-responsible-carrier",
    "otto-six-by-relay",
    "no-marketing",
    "fields-must-be-registered",
    "nobody-knows-me",
]


@given(
    decision=st.sampled_from(["Allow", "Deny", "NoDecision"]),
    errors=st.sampled_from([[], ["overflow"]]),
    ids=st.lists(st.sampled_from(IDS), unique=True),
    unnamed=st.booleans(),
)
def test_only_a_clean_allow_by_a_known_permit_permits(
    *, engine: Engine, decision: str, errors: list[str], ids: list[str], unnamed: bool
) -> None:
    """Of all that Cedar could say, a permit follows only from Allow, no error, and our permits."""
    named = {f"policy{number}": id_ for number, id_ in enumerate(ids)}
    diagnostics = {
        "errors": errors,
        "reason": [*named, *["policy99"] * unnamed],
        "id_annotations_by_reason": named,
    }
    concluded = engine._conclude(AuthzResult({"decision": decision, "diagnostics": diagnostics}))
    clean = not errors and not unnamed
    by_our_permits = bool(ids) and set(ids) <= set(IDS[:2])
    by_our_forbids = set(ids) <= set(IDS[2:4])
    assert isinstance(concluded, Permit) == (clean and decision == "Allow" and by_our_permits)
    assert isinstance(concluded, Refusal) == (clean and decision == "Deny" and by_our_forbids)
