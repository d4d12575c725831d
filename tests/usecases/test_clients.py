"""Clients: tokens that are shown once, purposes that a role never exceeds, revocation that counts at once."""

import re
from datetime import timedelta

import pytest

from gateway.errors import InvalidInput, NotFound
from gateway.model.client import Client
from gateway.storage.tables import clients as table
from gateway.usecases import clients, register
from gateway.usecases.oauth.admission import Scheme, admit
from gateway.usecases.oauth.possession import Shown
from policies.question import OTTO_SIX, Purpose, Role
from tests.world import TESTER, World, a_carrier


def create(
    world: World, role: Role, carrier: str | None = None, name: str = "test", **more: object
) -> tuple[clients.Client, str]:
    """A new client of the default merchant, and its token."""
    terms: dict[str, object] = {"purposes": None, "expires": None, **more}
    return clients.create(world.store, "default", role, carrier, name, **terms)  # type: ignore[arg-type]


def recognised(world: World, token: str) -> Client | None:
    """Whose token it is, shown without anything else."""
    shown = Shown(proofs=(), method="GET", address="http://localhost/v1/policy", certificate=None)
    found = admit(world.store, Scheme.BEARER, token, shown)
    return found if isinstance(found, Client) else None


def test_a_token_authenticates_its_client(world: World) -> None:
    """The token that was shown names the client; any other text names nobody."""
    client, token = create(world, Role.SHOP)
    assert recognised(world, token) == client
    other = token[:-1] + ("A" if token[-1] != "A" else "B")
    for text in ("", "cgw_", other, token + "A", token.upper(), f"{token}\n"):
        assert recognised(world, text) is None


def test_a_token_holds_256_random_bits(world: World) -> None:
    """It has the prefix that secret scanners look for, and 43 characters of base64url."""
    tokens = {create(world, Role.SHOP)[1] for _ in range(20)}
    assert len(tokens) == 20
    assert all(re.fullmatch(r"cgw_[A-Za-z0-9_-]{43}", token) for token in tokens)


def test_only_the_hash_of_a_token_is_stored(world: World) -> None:
    """No column of the client's row holds the token."""
    _, token = create(world, Role.SHOP)
    with world.store.read() as connection:
        rows = connection.execute(table.select()).all()
    assert token not in str(rows)


def test_a_role_has_its_purposes(world: World) -> None:
    """Without more being said, a client may ask for all that its role may ever, and no more."""
    assert create(world, Role.CARRIER, "dachser")[0].purposes == {Purpose.DELIVERY_APPOINTMENT}
    for role in (Role.MERCHANT, Role.SHOP, Role.MAILER):
        assert create(world, role)[0].purposes == OTTO_SIX
    assert create(world, Role.REVIEWER)[0].purposes == set()


def test_purposes_can_be_narrowed(world: World) -> None:
    """A registration with fewer purposes than the role's is taken as it is."""
    client, _ = create(world, Role.SHOP, purposes=[Purpose.RECALL])
    assert client.purposes == {Purpose.RECALL}


UNFIT: list[tuple[Role, str | None, dict[str, object], str]] = [
    (Role.CARRIER, None, {}, "carrier"),
    (Role.SHOP, "dachser", {}, "carrier"),
    (Role.CARRIER, "nobody", {}, "carrier"),
    (Role.SHOP, None, {"purposes": [Purpose.MARKETING]}, "purpose"),
    (Role.SHOP, None, {"purposes": [Purpose.DELIVERY_APPOINTMENT]}, "purpose"),
    (Role.CARRIER, "dachser", {"purposes": [Purpose.RECALL]}, "purpose"),
    (Role.REVIEWER, None, {"purposes": [Purpose.RECALL]}, "purpose"),
    (Role.SHOP, None, {"purposes": []}, "purpose"),
    (Role.SHOP, None, {"expires": timedelta()}, "expires"),
    (Role.SHOP, None, {"name": " "}, "name"),
    (Role.SHOP, None, {"name": "a\nb"}, "name"),
]


def test_what_does_not_fit_is_refused_by_name(world: World) -> None:
    """A client that could do too much, or nothing, is not created; the field that is wrong is named."""
    for role, carrier, more, field in UNFIT:
        with pytest.raises(InvalidInput) as refusal:
            create(world, role, carrier, **more)  # type: ignore[arg-type]
        assert set(refusal.value.errors) == {field}
    assert clients.listing(world.store, "default") == []


def test_a_withdrawn_carrier_gets_no_client(world: World) -> None:
    """A carrier that left the file is not registered any more."""
    register.apply(world.store, "default", TESTER, [a_carrier("rhenus")])
    with pytest.raises(InvalidInput, match="dachser is not registered"):
        create(world, Role.CARRIER, "dachser")


def test_revocation_counts_at_once(world: World) -> None:
    """The next request with the token is nobody's, and a second revocation finds nothing to do."""
    client, token = create(world, Role.SHOP)
    revoked = clients.revoke(world.store, "default", client.client_id)
    assert revoked.revoked_at == world.clock.now
    assert recognised(world, token) is None
    with pytest.raises(NotFound, match="gateway clients list"):
        clients.revoke(world.store, "default", client.client_id)


def test_a_merchant_cannot_revoke_anothers_client(world: World) -> None:
    """Another merchant's client is as good as none."""
    client, token = create(world, Role.SHOP)
    world.merchant("other")
    with pytest.raises(NotFound):
        clients.revoke(world.store, "other", client.client_id)
    assert recognised(world, token) == client


def test_a_token_ends_with_its_time(world: World) -> None:
    """It counts until the moment it expires, and not in it."""
    client, token = create(world, Role.SHOP, expires=timedelta(days=1))
    assert client.expires_at is not None
    world.clock.now = client.expires_at - timedelta(microseconds=1)
    assert recognised(world, token) == client
    world.clock.now = client.expires_at
    assert recognised(world, token) is None


def test_creation_and_revocation_are_on_record(world: World) -> None:
    """Each is an entry that names client and role, and neither the client's name nor its token."""
    client, token = create(world, Role.CARRIER, "dachser", name="Dachser TMS")
    clients.revoke(world.store, "default", client.client_id)
    entries = [entry for entry in world.log() if entry.action.startswith("client.")]
    assert [entry.action.value for entry in entries] == ["client.created", "client.revoked"]
    assert all(entry.detail == {"client": client.client_id, "role": "carrier"} for entry in entries)
    assert all(entry.carrier == "dachser" for entry in entries)
    assert token not in str(entries)
    assert "Dachser TMS" not in str(entries)
