"""Which keys a client may be registered with."""

import json
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey

from gateway.errors import Conflict, InvalidInput, NotFound
from gateway.usecases import clients
from gateway.usecases.oauth import client_keys
from policies.question import Role
from tests.oauth import jwks, p256
from tests.world import World

GOOD = p256().as_dict(private=False)


def test_only_public_members_are_kept() -> None:
    """Whatever else stands beside them; a key without a name gets its thumbprint for one."""
    key = p256()
    [kept] = client_keys.read(json.dumps({"keys": [key.as_dict(private=False) | {"x5t": "x"}]}))
    assert kept.keys() == {"kid", "kty", "crv", "x", "y"}
    assert kept["kid"] == key.thumbprint()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ([], "1 to 5 public keys"),
        ([GOOD] * 6, "1 to 5 public keys"),
        ("x", "1 to 5 public keys"),
        (["x"], "keys.0: must be a JSON object"),
        ([p256().as_dict(private=True)], "keys.0: holds a private key"),
        ([OctKey.generate_key(256).as_dict()], "keys.0: holds a private key"),
        ([OKPKey.generate_key("X25519").as_dict(private=False)], "keys.0: must be on P-256"),
        ([ECKey.generate_key("P-384").as_dict(private=False)], "keys.0: must be on P-256"),
        ([GOOD | {"crv": "P-257"}], "keys.0: is no public key"),
        ([GOOD | {"y": GOOD["x"]}], "keys.0: is no public key"),
        ([GOOD | {"use": "enc"}], "keys.0: must be for signatures by ES256"),
        ([GOOD | {"alg": "PS256"}], "keys.0: must be for signatures by ES256"),
        ([{"kty": "RSA", "n": "AQAB", "e": "AQAB"}], "keys.0: "),
        ([GOOD, GOOD], "keys.1: kid must be one that no other key has"),
        ([GOOD | {"kid": 5}], "keys.0: is no public key"),
    ],
)
def test_what_is_no_key_for_signatures_is_named(keys: Any, message: str) -> None:
    """With the place of the key, and what is wrong with it."""
    with pytest.raises(InvalidInput, match=message):
        client_keys.read(json.dumps({"keys": keys}))


@pytest.mark.parametrize("text", ["", "[]", '{"kty": "EC"}', "-----BEGIN PUBLIC KEY-----"])
def test_what_is_no_jwks_is_told_the_form(text: str) -> None:
    """A single key or a PEM is none."""
    with pytest.raises(InvalidInput, match="a JWKS"):
        client_keys.read(text)


def test_keys_belong_to_a_live_client_of_the_merchant(world: World) -> None:
    """Another merchant's client is as good as none, and a revoked one gets no keys; each is on record."""
    keys = client_keys.read(jwks(p256()))
    client = world.client(Role.CARRIER)
    world.merchant("other")
    with pytest.raises(NotFound, match="gateway clients list"):
        client_keys.register(world.store, "other", client.client_id, keys)
    assert client_keys.register(world.store, "default", client.client_id, keys).own_keys
    [listed] = clients.listing(world.store, "default")
    assert listed.own_keys
    assert world.log()[-1].action == "client.rotated"
    assert world.log()[-1].detail == {
        "client": client.client_id,
        "role": "carrier",
        "keys": keys[0]["kid"],
    }
    clients.revoke(world.store, "default", client.client_id)
    with pytest.raises(Conflict, match="is revoked"):
        client_keys.register(world.store, "default", client.client_id, keys)
