"""The decision table shows the policy at a glance, and shows it as it is."""

from policies.engine import Engine
from policies.question import OTTO_SIX, Channel, Purpose, Question, Role
from policies.table import decision_table, render
from policies.verdict import Permit


def test_every_purpose_role_and_channel_has_its_row(engine: Engine) -> None:
    """There is a row for each, and it says what the policy decides on the best of facts."""
    rows = decision_table(engine)
    assert len(rows) == len(Purpose) * len(Role) * len(Channel)
    for row in rows:
        verdict = engine.decide(Question.best(row.role, row.channel, row.purpose))
        assert row.permitted == isinstance(verdict, Permit)
        assert (row.policy, row.reasons) == (verdict.policy, verdict.codes)


def test_what_is_permitted_fits_on_one_hand(engine: Engine) -> None:
    """Permitted are the appointment to the carrier, and OTTO's six to the seller by OTTO's ways."""
    permitted = {
        (row.purpose, row.role, row.channel) for row in decision_table(engine) if row.permitted
    }
    assert permitted == {
        (Purpose.DELIVERY_APPOINTMENT, Role.CARRIER, Channel.CARRIER),
        *(
            (purpose, role, channel)
            for purpose in OTTO_SIX
            for role in (Role.MERCHANT, Role.SHOP, Role.MAILER)
            for channel in (Channel.RELAY, Channel.PARTNER_CONNECT)
        ),
    }


def test_a_row_is_published_in_the_words_of_the_service(engine: Engine) -> None:
    """A row as JSON has the contract's words for outcome, channel and reasons."""
    rows = [row.as_json() for row in decision_table(engine)]
    assert {
        "purpose": "newsletter",
        "role": "merchant",
        "channel": "carrier",
        "outcome": "refused",
        "policy": "no-marketing",
        "reasons": ["purpose_marketing", "recipient_not_carrier"],
    } in rows
    assert {
        "purpose": "recall",
        "role": "shop",
        "channel": "otto-partner-connect",
        "outcome": "permitted",
        "policy": "otto-six-by-partner-connect",
        "reasons": [],
    } in rows


def test_the_table_reads_on_a_terminal(engine: Engine) -> None:
    """A grid for each channel, refusals by number, the numbers explained below."""
    lines = render(decision_table(engine)).splitlines()
    assert "The freight contact (carrier)" in lines
    assert next(line for line in lines if "delivery-appointment" in line).split() == [
        *("delivery-appointment", "no", "4", "no", "4", "permitted", "no", "4", "no", "4")
    ]
    assert lines[-4:] == [
        "   1  purpose_marketing",
        "   2  purpose_direct_contact",
        "   3  purpose_not_permitted",
        "   4  recipient_not_carrier",
    ]
    assert max(map(len, lines)) <= 100
