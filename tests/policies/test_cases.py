"""The readable table says what the policy does, and notices when the policy changes."""

from pathlib import Path

import pytest

from policies.cases import Case, check, load_cases
from policies.engine import Engine
from policies.errors import PolicyError
from policies.invariants import reasons_that_apply
from policies.question import Purpose, Question
from policies.texts import rules
from policies.verdict import ReasonCode


def test_the_policy_keeps_its_table(engine: Engine) -> None:
    """Every case of the table is answered as the table says."""
    assert check(engine) == []


def test_the_table_is_worth_reading() -> None:
    """Each case says something else, and together they show every reason and every purpose."""
    cases = load_cases()
    assert len({case.says for case in cases}) == len(cases) >= 40
    assert {code for case in cases for code in case.reasons} == set(ReasonCode)
    assert {case.question.purpose for case in cases} == set(Purpose)


def test_the_table_agrees_with_the_invariants() -> None:
    """What the table expects follows from the invariants as well: three tellings of one policy."""
    for case in load_cases():
        assert set(case.reasons) == reasons_that_apply(case.question), case.says


def test_every_rule_decides_some_case(engine: Engine, texts_dir: Path) -> None:
    """Whichever single rule is taken away, some case of the table is answered otherwise."""
    questions = [case.question for case in load_cases()]
    answers = [engine.decide(question) for question in questions]
    for policy in engine.policies.values():
        path = texts_dir / policy.file
        whole = path.read_text("utf-8")
        path.write_text("".join(rule for rule in rules(whole) if policy.cedar not in rule), "utf-8")
        without = Engine.load(texts_dir)
        assert [without.decide(question) for question in questions] != answers, policy.id
        path.write_text(whole, "utf-8")


def test_a_mismatch_says_what_was_expected(engine: Engine) -> None:
    """Whoever reads a mismatch sees the sentence, the expectation and the answer."""
    kept = Case("The carrier gets it.", Question.best(), ())
    wrong = Case("It is gone.", Question.best(), (ReasonCode.NOT_FREIGHT, ReasonCode.ERASED))
    other = Case("Newsletters are fine.", Question.parse({"purpose": "newsletter"}), ())
    mismatches = check(engine, [kept, wrong, other])
    assert [mismatch.case for mismatch in mismatches] == [wrong, other]
    assert [str(mismatch) for mismatch in mismatches] == [
        (
            "It is gone.\n  expected refused: not_freight, erased; "
            "the policy says permitted by appointment-by-the-responsible-carrier"
        ),
        (
            "Newsletters are fine.\n  expected permitted; "
            "the policy says refused by no-marketing: purpose_marketing"
        ),
    ]


CASE = 'says = "It is so."\nasks = { purpose = "recall" }\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", r"must hold \[\[case\]\]"),
        ("case = []", r"must hold \[\[case\]\]"),
        ("case = 1", r"must hold \[\[case\]\]"),
        (f'[[case]]\n{CASE}outcome = "permitted"\n[more]', r"must hold \[\[case\]\]"),
        ("[[case]", "cannot be read"),
        ("case = [1]", "case 1 needs says, asks and an outcome"),
        (f"[[case]]\n{CASE}", "case 1 needs"),
        (f'[[case]]\n{CASE}outcome = "perhaps"', "case 1 needs"),
        (f'[[case]]\n{CASE}outcome = "refused"', "case 1 needs"),
        (f'[[case]]\n{CASE}outcome = "refused"\nreasons = []', "case 1 needs"),
        (f'[[case]]\n{CASE}outcome = "permitted"\nreasons = ["erased"]', "case 1 needs"),
        (f'[[case]]\n{CASE}outcome = "refused"\nreasons = ["erased"]\nx = 1', "case 1 needs"),
        (f'[[case]]\n{CASE}outcome = "refused"\nreasons = ["gone"]', "case 1: 'gone'"),
        (
            '[[case]]\nsays = "x"\nasks = { colour = "red" }\noutcome = "permitted"',
            "case 1: colour: there is no such fact",
        ),
    ],
)
def test_an_incomplete_table_is_an_error(tmp_path: Path, text: str, complaint: str) -> None:
    """A table that is empty, ill-formed or has a case that says too little or too much is refused."""
    table = tmp_path / "cases.toml"
    table.write_text(text)
    with pytest.raises(PolicyError, match=complaint):
        load_cases(table)


def test_a_missing_table_is_an_error(tmp_path: Path) -> None:
    """A table that is not there is named."""
    with pytest.raises(PolicyError, match=r"cases\.toml cannot be read"):
        load_cases(tmp_path / "cases.toml")
