"""The rules can be read, tried and traced by whoever answers for them, in their own language."""

import pytest

from gateway.console.words import shipped
from gateway.usecases import forget
from gateway.usecases.actors import OPERATOR
from gateway.usecases.merchants import note_policy
from gateway.usecases.services import Services
from policies.invariants import INVARIANTS
from policies.question import FACTS
from tests.builders import ORDER_NUMBER, an_order
from tests.console.conftest import Reader, words


def test_every_rule_and_statement_is_on_the_page(reviewer: Reader, services: Services) -> None:
    """In German by default, with sources, the proof's numbers and the version in force."""
    page = reviewer.get("/console/policy")
    said = words(page)
    for rule in services.engine.policies.values():
        assert rule.text_de in said
        assert rule.source in said
    assert "alle 172.800 möglichen Fragen" in said
    assert services.engine.version in said


def test_every_fact_and_statement_has_its_words() -> None:
    """What a later policy adds cannot be forgotten here."""
    catalogue = shipped()
    for statement in (one for several in INVARIANTS.values() for one in several):
        assert f"invariant.{statement.name}" in catalogue
    for name, values in FACTS.items():
        assert f"fact.{name}" in catalogue
        if name not in {"role", "purpose"}:
            for value in values:
                text = str(value).lower() if isinstance(value, bool) else str(value)
                assert f"fact_value.{name}.{text}" in catalogue


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("who=carrier&purpose=delivery-appointment", "Erlaubt."),
        ("who=carrier&purpose=delivery-appointment&window=closed", "Zeitfenster geschlossen"),
        ("who=merchant&purpose=newsletter", "Zweck ist Werbung"),
        ("who=reviewer&purpose=recall&channel=relay", "Zweck nicht erlaubt"),
    ],
)
def test_what_is_tried_is_answered_with_its_rule(reviewer: Reader, query: str, says: str) -> None:
    """The verdict, and the line that decides it, marked."""
    page = reviewer.get(f"/console/policy?{query}")
    assert page.status_code == 200
    notice = words(page).partition("Fragen")[2].partition("Entscheidungstabelle")[0]
    assert says in notice
    assert "<mark>" in page.text.partition('class="notice')[2]


@pytest.mark.parametrize("query", ["who=nobody", "who=carrier&mode=rocket", "order=none-such"])
def test_a_question_that_there_is_not_is_refused(reviewer: Reader, query: str) -> None:
    """Beside its field, or in general."""
    assert reviewer.get(f"/console/policy?{query}").status_code == 422


def test_an_order_is_tried_as_it_stands_and_on_record(
    reviewer: Reader, operator: Reader, services: Services
) -> None:
    """Its own facts count, the look is an entry; an operator has no look at orders."""
    from gateway.marketplaces.otto.derive import derive
    from gateway.model.order import Order

    order = derive(an_order(), services.otto)
    assert isinstance(order, Order)
    services.intake("default", OPERATOR, [order], 0, None)
    query = f"who=carrier:dachser&purpose=delivery-appointment&order={ORDER_NUMBER}"
    assert "Spedition nicht zuständig" in words(reviewer.get(f"/console/policy?{query}"))
    assert "Prüfung</a>" not in reviewer.text("/console/log")
    found = words(reviewer.get(f"/console/log?order={ORDER_NUMBER}"))
    assert "sah sich das Protokoll an" in found
    assert "Erlaubt." in words(operator.get(f"/console/policy?{query}"))
    forget.erase(services.store, "default", OPERATOR, ORDER_NUMBER, "by letter")
    assert reviewer.get(f"/console/policy?{query}").status_code == 200


def test_the_versions_come_from_the_log(reviewer: Reader, services: Services) -> None:
    """Which decided since when, the newest first."""
    note_policy(services.store, "sha256:" + "0" * 64)
    note_policy(services.store, services.engine.version)
    said = reviewer.text("/console/policy")
    short = services.engine.version.removeprefix("sha256:")[:8]
    assert said.index(f"{short} seit") < said.index("00000000 seit")
