"""A process of its own that sends what is due, for the test that kills it."""

import ssl
import sys
from datetime import UTC, datetime, timedelta

from gateway.app import assemble
from gateway.handover.outbound import Outbound
from gateway.handover.push import Pusher
from gateway.settings import load
from tests.handover.conftest import here


def main(authority: str, data: str, url: str, ahead: str) -> None:
    """Push until nothing is due, `ahead` seconds in the future."""
    trust = ssl.create_default_context(cafile=authority)
    environment = {"GATEWAY_DATA": data, "GATEWAY_DATABASE": url}
    later = timedelta(seconds=float(ahead))
    services = assemble(load(environment), lambda: datetime.now(UTC) + later)
    pusher = Pusher.over(services, Outbound(trust, here, unsafe_allow_loopback=True))
    while pusher():
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
