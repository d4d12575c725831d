"""Envelopes open for exactly what they were sealed for, and for nothing else."""

import os
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.vault.envelope import (
    Binding,
    Envelope,
    EnvelopeDamaged,
    proves,
    rewrap,
    seal,
    unseal,
)
from gateway.vault.keys import Key, KeyUse, Secret

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def a_key(version: int = 1) -> Key:
    """A contact key of one epoch."""
    return Key(
        f"contact-2026-11-23-{version}",
        KeyUse.CONTACT,
        "2026-11-23",
        version,
        NOW,
        Secret(bytes([version]) * 32),
    )


BINDING = Binding("default", "bagm62dvgp", "0" * 32, "freight", 1)

texts = st.text(max_size=40)
bindings = st.builds(Binding, texts, texts, texts, texts, st.integers(0, 2**31))


@given(content=st.binary(max_size=500), binding=bindings)
def test_what_was_sealed_opens(content: bytes, binding: Binding) -> None:
    """Any content under any binding comes back whole with the same key and binding."""
    envelope = seal(content, binding, a_key(), os.urandom)
    assert unseal(envelope, binding, a_key()) == content


@given(sealed_for=bindings, opened_for=bindings)
def test_a_moved_envelope_stays_closed(sealed_for: Binding, opened_for: Binding) -> None:
    """An envelope opens only under the binding it was sealed for, however alike another looks."""
    envelope = seal(b"secret", sealed_for, a_key(), os.urandom)
    if sealed_for == opened_for:
        assert unseal(envelope, opened_for, a_key()) == b"secret"
    else:
        with pytest.raises(EnvelopeDamaged):
            unseal(envelope, opened_for, a_key())


@given(data=st.data())
def test_every_flipped_bit_is_found(data: st.DataObject) -> None:
    """Changing any bit of the wrapped key or of the sealed content keeps the envelope closed."""
    envelope = seal(b"+493023125001", BINDING, a_key(), os.urandom)
    part = data.draw(st.sampled_from(["wrapped_key", "sealed"]))
    changed = bytearray(getattr(envelope, part))
    at = data.draw(st.integers(0, len(changed) * 8 - 1))
    changed[at // 8] ^= 1 << at % 8
    with pytest.raises(EnvelopeDamaged):
        unseal(replace(envelope, **{part: bytes(changed)}), BINDING, a_key())


@pytest.mark.parametrize("length", [0, 1, 11, 12, 27])
def test_a_truncated_envelope_stays_closed(length: int) -> None:
    """What is too short to hold nonce and tag is damaged, not a crash."""
    envelope = seal(b"secret", BINDING, a_key(), os.urandom)
    with pytest.raises(EnvelopeDamaged):
        unseal(replace(envelope, sealed=envelope.sealed[:length]), BINDING, a_key())


def test_another_key_does_not_open() -> None:
    """The key-encryption key that an envelope names is the only one that opens it."""
    envelope = seal(b"secret", BINDING, a_key(1), os.urandom)
    with pytest.raises(EnvelopeDamaged):
        unseal(envelope, BINDING, a_key(2))


def test_the_key_name_is_part_of_the_seal() -> None:
    """Writing another key's name on an envelope keeps it closed even to the right key."""
    envelope = seal(b"secret", BINDING, a_key(), os.urandom)
    renamed = Envelope("contact-2026-11-24-1", envelope.wrapped_key, envelope.sealed)
    with pytest.raises(EnvelopeDamaged):
        unseal(renamed, BINDING, a_key())


def test_two_seals_of_one_content_share_nothing() -> None:
    """Data key and nonces are fresh each time: equal contacts cannot be told from ciphertexts."""
    one, two = (seal(b"secret", BINDING, a_key(), os.urandom) for _ in range(2))
    assert one.sealed != two.sealed
    assert one.wrapped_key != two.wrapped_key


@given(content=st.binary(max_size=100), binding=bindings)
def test_a_rewrapped_envelope_opens_with_the_new_key_only(content: bytes, binding: Binding) -> None:
    """Rewrapping changes the key-encryption key and leaves the sealed content as it was."""
    old = seal(content, binding, a_key(1), os.urandom)
    wrapped = rewrap(old.wrapped_key, binding, a_key(1), a_key(2), os.urandom)
    new = Envelope(a_key(2).key_id, wrapped, old.sealed)
    assert unseal(new, binding, a_key(2)) == content
    with pytest.raises(EnvelopeDamaged):
        unseal(new, binding, a_key(1))


def test_what_is_rewrapped_is_proved_first() -> None:
    """A data key that does not open under its old key is not wrapped by the new one."""
    envelope = seal(b"secret", BINDING, a_key(1), os.urandom)
    with pytest.raises(EnvelopeDamaged):
        rewrap(envelope.wrapped_key, BINDING, a_key(3), a_key(2), os.urandom)


def test_a_data_key_is_proved_without_opening_anything() -> None:
    """Whether an envelope belongs to a key shows from its wrapped key alone."""
    envelope = seal(b"secret", BINDING, a_key(1), os.urandom)
    assert proves(envelope.wrapped_key, BINDING, a_key(1))
    assert not proves(envelope.wrapped_key, BINDING, a_key(2))
    assert not proves(envelope.wrapped_key, replace(BINDING, version=2), a_key(1))
