"""Rules on their way are read, proposed, approved and refused on the page of the rules."""

from collections.abc import Callable

import pytest

from gateway.app import create_app
from gateway.model.account import Office
from gateway.usecases.services import Services
from tests.console.conftest import Reader
from tests.stricter import RULE, Stricter

PROPOSALS = "/console/policy/proposals"


@pytest.fixture
def upgraded(services: Services, stricter: Stricter) -> Services:
    """A gateway whose installation brought a stricter rule along."""
    return stricter.upgraded(services)


@pytest.fixture
def somebody(upgraded: Services) -> Callable[[Office, str], Reader]:
    """Makes browsers of people who are signed in."""
    app = create_app(upgraded)

    def sign_in(office: Office, merchant: str) -> Reader:
        reader = Reader(app, upgraded)
        reader.sign_in(office, merchant)
        return reader

    return sign_in


def test_two_people_have_new_rules_decide(
    somebody: Callable[[Office, str], Reader], upgraded: Services
) -> None:
    """The page shows wording, cases and proof; whoever proposed has no button to approve."""
    operator, reviewer = (
        somebody(office, "default") for office in (Office.OPERATOR, Office.REVIEWER)
    )
    assert "Neue Regeln warten auf die Freigabe" in reviewer.text("/console/")
    said = operator.text("/console/policy")
    assert "Bisher" in said
    assert "der Mailversand" in said or "Mailversand" in said
    assert f"+{RULE.splitlines()[1]}" in said.replace("&#34;", '"').replace("&quot;", '"')
    assert "alle 172.800 möglichen Fragen gestellt; alle 18 Sätze gelten" in said
    proposed = operator.follow(operator.post(PROPOSALS))
    assert "warten auf eine zweite Person" in proposed.text
    assert "/confirm" not in proposed.text
    page = reviewer.get("/console/policy").text
    action = page.partition(f'action="{PROPOSALS}/')[2].partition('"')[0]
    version = upgraded.rulebook.installed.version
    assert reviewer.post(f"{PROPOSALS}/{action}", version="sha256:0").status_code == 409
    assert operator.post(f"{PROPOSALS}/{action}", version=version).status_code == 409
    assert upgraded.engine.version != version
    approved = reviewer.follow(reviewer.post(f"{PROPOSALS}/{action}", version=version))
    assert "Die neuen Regeln entscheiden ab jetzt" in approved.text
    assert upgraded.engine.version == version
    assert 'id="pending"' not in approved.text
    log = reviewer.text("/console/log?action=policy.proposed")
    assert "legte neue Regeln zur Freigabe vor" in log


def test_a_proposal_is_refused(somebody: Callable[[Office, str], Reader]) -> None:
    """By whoever of the house; then it can be made anew."""
    operator, reviewer = (
        somebody(office, "default") for office in (Office.OPERATOR, Office.REVIEWER)
    )
    reviewer.get("/console/policy")
    reviewer.post(PROPOSALS)
    page = operator.get("/console/policy").text
    assert "Ablehnen" in page
    refuse = page.partition('/withdraw"')[0].rpartition('action="')[2] + "/withdraw"
    assert "vom Tisch" in operator.follow(operator.post(refuse)).text
    assert operator.post(refuse).status_code == 404
    assert "Zur Freigabe vorlegen" in operator.text("/console/policy")


def test_another_merchants_people_read_and_do_not_approve(
    somebody: Callable[[Office, str], Reader],
) -> None:
    """The rules hold for all merchants; their own house answers for them."""
    stranger = somebody(Office.OPERATOR, "other")
    assert "freigegeben werden sie von deren Betreiber" in stranger.text("/console/policy")
    assert stranger.post(PROPOSALS).status_code == 409
