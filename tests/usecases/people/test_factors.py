"""What a stolen table of accounts would cost whoever guesses at its passwords."""

from sqlalchemy import select

from gateway.model.account import Office
from gateway.storage.console_tables import accounts as kept
from gateway.usecases.people import accounts, factors
from gateway.usecases.services import Services


def test_passwords_are_hashed_at_the_recommended_cost(services: Services) -> None:
    """Argon2id with 64 MiB, three passes and four lanes (RFC 9106, section 4, second choice)."""
    account = accounts.create(services.store, "default", "ada@example.org", Office.REVIEWER)
    factors.set_password(services.store, account, "ein langer Satz ist gut")
    with services.store.read() as connection:
        made = connection.execute(select(kept.c.password_hash)).scalar_one()
    assert made.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert factors.password_fits(made, "ein langer Satz ist gut")
    assert not factors.password_fits(made, "ein langer Satz ist gut!")
