"""The one way out to a carrier's address: https, to the public internet, once and to the end of its time.

It must never connect to an address of an inner network, whatever a name resolves to; it follows no
redirect, takes no proxy from the environment and reads no more than it was told to.
"""

import socket
import ssl
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from gateway.handover.addresses import is_loopback, is_public
from gateway.handover.exchange import Hindrance, Unreached

if TYPE_CHECKING:
    from gateway.handover.line import Line

Resolve = Callable[[str, int], Sequence[str]]
"""The IP addresses of a name; OSError when it has none."""


def system_resolve(host: str, port: int) -> Sequence[str]:
    """What the machine's resolver says, within the resolver's own limits of time."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Outbound:
    """Opens connections; `unsafe_allow_loopback` lets tests reach servers on this very machine."""

    def __init__(
        self,
        trust: ssl.SSLContext | None = None,
        resolve: Resolve = system_resolve,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        unsafe_allow_loopback: bool = False,
    ) -> None:
        self._given = trust
        self._resolve = resolve
        self._monotonic = monotonic
        self._allow_loopback = unsafe_allow_loopback

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        """The given one, or what the system trusts; it takes long to read, and few processes dial."""
        return self._given or ssl.create_default_context()

    def dial(self, url: str) -> "Line | Unreached":
        """A connection to where `url` points, its certificate checked; nothing is asked for yet.

        The name is resolved once. If any of its addresses is not of the public internet, none is
        tried; else the connection goes to one of these very addresses.
        """
        where = _https(url)
        if where is None or where.hostname is None:
            return Unreached(Hindrance.URL)
        try:
            addresses = self._resolve(where.hostname, where.port or 443)
        except (OSError, UnicodeError):
            return Unreached(Hindrance.NAME)
        if not addresses or not all(map(self._is_allowed, addresses)):
            return Unreached(Hindrance.INNER_ADDRESS if addresses else Hindrance.NAME)
        # Brings an HTTP client; most workers never dial.
        from gateway.handover import line  # noqa: PLC0415

        return line.connected(where, addresses, self._trust, self._monotonic)

    def _is_allowed(self, address: str) -> bool:
        return is_public(address) or (self._allow_loopback and is_loopback(address))


def _https(url: str) -> SplitResult | None:
    """The parts of a plain https address; None for everything else."""
    if any(not "!" <= character <= "~" for character in url):
        return None
    try:
        where = urlsplit(url)
        fits = where.scheme == "https" and where.hostname and where.port != 0
    except ValueError:
        return None
    return where if fits and "@" not in where.netloc and not where.fragment else None
