"""Who comes into the console, how, and who does not."""

from collections.abc import Iterator
from datetime import timedelta

import pyotp
import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from gateway.audit.entry import Action, Entry
from gateway.errors import Conflict, InvalidInput, NotFound
from gateway.model.account import Account, Office
from gateway.usecases.people import accounts, factors, signin
from gateway.usecases.people.signin import SignedIn
from gateway.vault.keys import KeyUse
from gateway.vault.seals import Seals
from tests.world import World

PASSWORD = "ein langer Satz ist gut"
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
STEP = 30


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Passwords cost next to nothing here; what they cost as shipped has a test of its own."""
    quick = PasswordHasher.from_parameters(CHEAPEST)
    monkeypatch.setattr(factors, "PasswordHasher", lambda: quick)
    factors._nobodys.cache_clear()
    yield
    factors._nobodys.cache_clear()


@pytest.fixture
def seals(world: World) -> Seals:
    """What seals the authenticators of this world."""
    return Seals(world.services.keyring, KeyUse.CONSOLE, world.store.entropy)


@pytest.fixture
def account(world: World) -> Account:
    """A reviewer's account that nothing opens yet."""
    return accounts.create(world.store, "default", "Ada@Example.org", Office.REVIEWER)


@pytest.fixture
def armed(world: World, seals: Seals, account: Account) -> Account:
    """The account with password and authenticator; half a minute later."""
    factors.set_password(world.store, account, PASSWORD)
    factors.set_authenticator(world.store, seals, account, SEED, code(world))
    world.clock.forward(seconds=STEP)
    return account


def code(world: World, steps: int = 0) -> str:
    """What the authenticator shows, now or some steps away."""
    return pyotp.TOTP(SEED).at(world.clock() + timedelta(seconds=steps * STEP))


def enter(
    world: World, seals: Seals, name: str, password: str = PASSWORD, given: str | None = None
) -> SignedIn | None:
    """Try to sign in."""
    given = code(world) if given is None else given
    return signin.by_password(world.store, seals, name, password, given)


def attempts(world: World) -> list[Entry]:
    """Every sign-in on record."""
    return [it for it in world.log() if it.action.value.startswith("signin.")]


def test_a_link_signs_in_once(world: World, account: Account) -> None:
    """Its second use, and a link that was never given, open nothing."""
    token = accounts.link(world.store, account)
    found = signin.by_link(world.store, token)
    assert found is not None
    session = signin.session(world.store, found.token)
    assert session is not None
    assert session.account == account
    assert signin.by_link(world.store, token) is None
    assert signin.by_link(world.store, "x" * 43) is None


def test_a_link_ends_with_its_hour_and_with_the_next_link(world: World, account: Account) -> None:
    """What was given and never used does not lie around."""
    early, late = accounts.link(world.store, account), accounts.link(world.store, account)
    assert not signin.link_waits(world.store, early)
    assert signin.link_waits(world.store, late)
    world.clock.forward(hours=1)
    assert not signin.link_waits(world.store, late)
    assert signin.by_link(world.store, late) is None


def test_password_and_code_sign_in(world: World, seals: Seals, armed: Account) -> None:
    """Names count without regard to case; the entry names the account by its id alone."""
    found = enter(world, seals, " ADA@example.ORG")
    assert found is not None
    [entry] = attempts(world)
    assert entry.action is Action.SIGNIN_SUCCEEDED
    assert entry.actor.id == armed.account_id
    assert entry.detail == {"way": "password"}
    assert b"ada@" not in entry.leaf().lower()


def test_neither_password_nor_code_suffices_alone(
    world: World, seals: Seals, armed: Account
) -> None:
    """Every attempt without one of them fails and is on record."""
    assert enter(world, seals, armed.name, password="something else") is None
    assert enter(world, seals, armed.name, given="000000") is None
    assert enter(world, seals, armed.name, given="") is None
    assert [it.action for it in attempts(world)] == [Action.SIGNIN_FAILED] * 3


def test_a_password_without_an_authenticator_opens_nothing(
    world: World, seals: Seals, account: Account
) -> None:
    """Half of the way in is no way in."""
    factors.set_password(world.store, account, PASSWORD)
    assert enter(world, seals, account.name) is None


def test_a_code_counts_once(world: World, seals: Seals, armed: Account) -> None:
    """Whoever looked over the shoulder comes too late, also with an earlier code."""
    assert enter(world, seals, armed.name) is not None
    assert enter(world, seals, armed.name) is None
    assert enter(world, seals, armed.name, given=code(world, -1)) is None


@pytest.mark.parametrize(("steps", "fits"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_a_clock_may_be_half_a_minute_off(
    world: World, seals: Seals, armed: Account, steps: int, fits: bool
) -> None:
    """RFC 6238 asks for one step either way, no more."""
    world.clock.forward(seconds=10 * STEP)
    assert (enter(world, seals, armed.name, given=code(world, steps)) is not None) is fits


def test_a_recovery_code_counts_once(world: World, seals: Seals, armed: Account) -> None:
    """In place of the authenticator's, however it is spelled; new ones end the old."""
    old = factors.new_codes(world.store, armed)
    codes = factors.new_codes(world.store, armed)
    assert enter(world, seals, armed.name, given=old[0]) is None
    assert enter(world, seals, armed.name, given=codes[0].lower().replace("-", " ")) is not None
    assert enter(world, seals, armed.name, given=codes[0]) is None
    assert factors.of(world.store, armed).codes_left == 9


def test_a_wrong_password_uses_no_recovery_code_up(
    world: World, seals: Seals, armed: Account
) -> None:
    """Otherwise whoever knows a code could burn it."""
    [first, *_] = factors.new_codes(world.store, armed)
    assert enter(world, seals, armed.name, password="something else", given=first) is None
    assert enter(world, seals, armed.name, given=first) is not None


def test_failures_lock_the_password_for_a_while(world: World, seals: Seals, armed: Account) -> None:
    """Even the right one; a link still opens, so that nobody can be kept out by guessing."""
    for _ in range(signin.TRIES):
        assert enter(world, seals, armed.name, given="000000") is None
    assert enter(world, seals, armed.name) is None
    assert attempts(world)[-1].detail == {"why": "locked"}
    assert signin.by_link(world.store, accounts.link(world.store, armed)) is not None


def test_the_lock_opens_by_itself(world: World, seals: Seals, armed: Account) -> None:
    """After a quarter of an hour the right password counts again."""
    for _ in range(signin.TRIES):
        enter(world, seals, armed.name, given="000000")
    world.clock.forward(minutes=15)
    assert enter(world, seals, armed.name) is not None


def test_a_stranger_is_on_record_without_the_name_they_gave(world: World, seals: Seals) -> None:
    """People type passwords into the field for names."""
    assert enter(world, seals, "hunter2-typed-by-mistake") is None
    [entry] = attempts(world)
    assert (entry.actor.role, entry.actor.id) == ("visitor", "unknown")
    assert b"hunter2" not in entry.leaf()


def test_a_session_ends_unused_and_in_any_case(world: World, account: Account) -> None:
    """After half an hour without use, and after twelve hours of use."""
    idle = signin.by_link(world.store, accounts.link(world.store, account))
    used = signin.by_link(world.store, accounts.link(world.store, account))
    assert idle is not None
    assert used is not None
    for _ in range(29):
        assert signin.session(world.store, used.token) is not None
        world.clock.forward(minutes=25)
    assert signin.session(world.store, used.token) is None
    assert signin.session(world.store, idle.token) is None


def test_signing_out_ends_this_session_or_all_others(world: World, account: Account) -> None:
    """A token that was ended opens nothing."""
    first, second, third = (
        signin.by_link(world.store, accounts.link(world.store, account)) for _ in range(3)
    )
    assert first is not None
    assert second is not None
    assert third is not None
    signin.sign_out_elsewhere(world.store, account, first.token)
    assert signin.session(world.store, second.token) is None
    assert signin.session(world.store, first.token) is not None
    signin.sign_out(world.store, first.token)
    assert signin.session(world.store, first.token) is None


def test_a_disabled_account_opens_nothing(world: World, seals: Seals, armed: Account) -> None:
    """Its sessions and links end at once; both, and that it was made, are on record."""
    token = accounts.link(world.store, armed)
    found = enter(world, seals, armed.name)
    assert found is not None
    accounts.disable(world.store, "default", armed.name)
    assert signin.session(world.store, found.token) is None
    assert signin.by_link(world.store, token) is None
    assert enter(world, seals, armed.name, given=code(world, 1)) is None
    about = [it.action for it in world.log() if it.detail.get("account") == armed.account_id]
    assert about == [Action.CLIENT_CREATED, Action.CLIENT_REVOKED]
    with pytest.raises(NotFound):
        accounts.find(world.store, "default", armed.name)


def test_a_name_belongs_to_one_account(world: World, account: Account) -> None:
    """Also across merchants: it alone says who signs in."""
    world.merchant("other")
    with pytest.raises(Conflict):
        accounts.create(world.store, "other", account.name, Office.OPERATOR)
    with pytest.raises(NotFound):
        accounts.find(world.store, "other", account.name)


@pytest.mark.parametrize("name", ["", "ä", "a b", ".a", "a" * 101, "<b>"])
def test_a_name_is_plain(world: World, name: str) -> None:
    """What people type into a field, without surprises."""
    with pytest.raises(InvalidInput):
        accounts.create(world.store, "default", name, Office.REVIEWER)


@pytest.mark.parametrize("password", ["short", "x" * 201, "my name is ada@example.org"])
def test_a_password_is_long_and_not_the_name(world: World, account: Account, password: str) -> None:
    """Length is what counts (NIST SP 800-63B)."""
    with pytest.raises(InvalidInput):
        factors.set_password(world.store, account, password)


@pytest.mark.parametrize("seed", ["", "JBSWY3DP", "not base32!", SEED])
def test_an_authenticator_must_show_that_it_works(
    world: World, seals: Seals, account: Account, seed: str
) -> None:
    """A code that does not fit, or a key of another length, sets nothing up."""
    with pytest.raises(InvalidInput):
        factors.set_authenticator(world.store, seals, account, seed, "000000")
    assert not factors.of(world.store, account).authenticator
