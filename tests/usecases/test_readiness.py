"""Readiness: each part by itself, and no oftener than it is worth."""

from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.usecases.readiness import Readiness
from gateway.usecases.services import Services
from policies.engine import Engine
from policies.verdict import Reason, ReasonCode, Refusal
from tests.builders import an_order
from tests.world import World


def test_every_part_of_a_fresh_gateway_works(world: World) -> None:
    """Before the first order as well, when hardly a key is there."""
    parts = Readiness(world.services).parts()
    assert parts == {"database": None, "migrations": None, "keyring": None, "policy": None}


def test_every_part_of_a_gateway_in_use_works(world: World) -> None:
    """With contacts whose keys are there."""
    world.take_in(an_order())
    assert set(Readiness(world.services).parts().values()) == {None}


def test_each_question_leaves_one_row_at_the_most(world: World) -> None:
    """The row is rewritten, not added to."""
    readiness = Readiness(world.services)
    for _ in range(3):
        readiness.parts()
        world.clock.forward(seconds=1)
    with world.store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM liveness")).scalar_one() == 1


def test_an_answer_counts_for_a_second(world: World) -> None:
    """Also when the clock is set back, it is not held for longer."""
    readiness = Readiness(world.services)
    readiness.parts()
    with world.store.database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'later'"))
    assert readiness.parts()["migrations"] is None
    world.clock.forward(hours=-1)
    assert readiness.parts()["migrations"] is not None


def test_a_keyring_that_others_can_read_is_not_ready(world: World) -> None:
    """As everywhere: it is refused, and the fix is told."""
    world.take_in(an_order())
    path: Path = world.settings.keys.keyring
    path.chmod(0o644)
    fault = Readiness(world.services).parts()["keyring"]
    assert fault is not None
    assert f"chmod 600 {path.name}" in fault


def test_a_policy_that_refuses_everything_is_not_ready(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine is asked the one question that it is there for."""
    reason = Reason(ReasonCode.ERASED, "broken", "No.", "Nein.")
    monkeypatch.setattr(Engine, "decide", lambda *_: Refusal((reason,)))
    fresh: Services = world.services
    assert Readiness(fresh).parts()["policy"] == "the policy refuses the responsible carrier"
