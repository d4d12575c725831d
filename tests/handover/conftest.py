"""A carrier's server with a certificate of its own authority, and the way out to it."""

import ssl
from collections.abc import Callable, Iterator, Sequence

import pytest
import trustme

from gateway.handover.outbound import Outbound
from tests.handover.pushing import Pushing
from tests.handover.receiver import NAME, Receiver
from tests.world import World


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """The authority that the tests trust."""
    return trustme.CA()


@pytest.fixture
def trust(authority: trustme.CA) -> ssl.SSLContext:
    """Trust in that authority alone."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
def receiver(authority: trustme.CA) -> Iterator[Receiver]:
    """A carrier's server."""
    receiver = Receiver(authority)
    yield receiver
    receiver.close()


Resolver = Callable[[str, int], Sequence[str]]


def here(host: str, _port: int) -> Sequence[str]:
    """A name service that knows the carrier alone, on this machine."""
    if host != NAME:
        raise OSError
    return ["127.0.0.1"]


@pytest.fixture
def outbound(trust: ssl.SSLContext) -> Outbound:
    """The way out to the carrier's server on this machine."""
    return Outbound(trust, here, unsafe_allow_loopback=True)


@pytest.fixture
def pushing(world: World, receiver: Receiver, outbound: Outbound) -> Pushing:
    """Dachser takes pushes."""
    return Pushing(world, receiver, outbound)
