"""Registering carriers: the registrations become what the file says, and each difference is on record."""

from dataclasses import replace
from datetime import timedelta

from gateway.usecases import register
from gateway.usecases.register import Change, Changes
from policies.question import Registration
from tests.builders import an_order
from tests.world import TESTER, World, a_carrier, codes

TERMS = [a_carrier("dachser"), a_carrier("rhenus"), a_carrier("hellmann")]


def apply(world: World, *wanted: register.Carrier) -> Changes:
    return register.apply(world.store, "default", TESTER, wanted)


def test_applying_the_same_again_changes_nothing(world: World) -> None:
    """No difference, and no entry."""
    apply(world, *TERMS)
    before = len(world.log())
    assert apply(world, *reversed(TERMS)) == Changes((), (), ())
    assert len(world.log()) == before


def test_each_difference_is_stored_and_on_record(world: World) -> None:
    """One added, one changed, one withdrawn: each an entry that names the carrier, and what changed."""
    apply(world, *TERMS)
    before = len(world.log())
    narrower = replace(TERMS[0], fields=frozenset({"name"}), endpoint="https://dachser.example/in")
    changes = apply(world, narrower, a_carrier("rhenus"), a_carrier("emons"))
    assert changes == Changes(
        added=("emons",),
        changed=(Change("dachser", ("fields", "endpoint")),),
        withdrawn=("hellmann",),
    )
    entries = [(it.action.value, it.carrier, dict(it.detail)) for it in world.log()[before:]]
    assert entries == [
        ("carrier.registered", "emons", {}),
        ("carrier.changed", "dachser", {"terms": "fields,endpoint"}),
        ("carrier.withdrawn", "hellmann", {}),
    ]
    stored = {it.carrier_id: it for it in register.listing(world.store, "default")}
    assert stored["dachser"] == narrower
    assert stored["hellmann"].registration(world.clock.now) is Registration.WITHDRAWN


def test_a_withdrawn_carrier_gets_nothing_until_it_is_back(world: World) -> None:
    """Its orders stay assigned; requests are refused from the withdrawal to the new registration."""
    world.take_in(an_order("aaaaaaaaa1"))
    world.assign("aaaaaaaaa1")
    client = world.client()
    apply(world, a_carrier("rhenus"))
    assert codes(world.ask(client, "aaaaaaaaa1")) == ["recipient_not_registered"]
    assert apply(world, *TERMS).added == ("dachser", "hellmann")
    assert codes(world.ask(client, "aaaaaaaaa1")) == []


def test_a_registration_lapses_with_its_last_moment(world: World) -> None:
    """Nothing needs to happen for a registration to end."""
    world.take_in(an_order("aaaaaaaaa1"))
    world.assign("aaaaaaaaa1")
    client = world.client()
    apply(world, a_carrier("dachser", valid_until=world.clock.now + timedelta(hours=1)))
    assert codes(world.ask(client, "aaaaaaaaa1")) == []
    world.clock.forward(hours=1)
    assert codes(world.ask(client, "aaaaaaaaa1")) == ["recipient_not_registered"]


def test_one_merchants_carriers_are_not_anothers(world: World) -> None:
    """Withdrawing here leaves the same carrier registered there."""
    world.merchant("other")
    apply(world, a_carrier("emons"))
    there = register.listing(world.store, "other")
    assert [it.carrier_id for it in there] == ["dachser", "hellmann", "rhenus"]
    assert all(it.withdrawn_at is None for it in there)
