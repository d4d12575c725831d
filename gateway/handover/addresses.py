"""Tells the public internet from everything else; what it does not know to be public is not."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_UNICAST_V6 = ip_network("2000::/3")
"""All that is assigned for global unicast (IANA IPv6 address space). Addresses that carry an IPv4
address inside (mapped, NAT64), unique local, link-local and multicast ones all lie outside."""

_NOT_PUBLIC = tuple(
    ip_network(network)
    for network in (
        # IETF protocol assignments, Oracle's metadata service among them; Python's own view of it varies.
        "192.0.0.0/24",
        # An answer from here may come from an inner network (RFC 7526: withdrawn 6to4 relays).
        "192.88.99.0/24",
        # Azure's metadata and DNS for virtual machines, in a public range.
        "168.63.129.16/32",
        # IETF protocol assignments: Teredo, benchmarking, ORCHID, … (RFC 2928).
        "2001::/23",
        # 6to4: an IPv4 address inside (RFC 3056).
        "2002::/16",
        # For documentation (RFC 3849, RFC 9637).
        "2001:db8::/32",
        "3fff::/20",
    )
)


def is_public(text: str) -> bool:
    """Whether an IP address belongs to the public internet: unicast, and nobody's inner network."""
    address = _parsed(text)
    if address is None or not address.is_global or address.is_multicast:
        return False
    if isinstance(address, IPv6Address) and address not in _UNICAST_V6:
        return False
    return not any(address in network for network in _NOT_PUBLIC)


def is_loopback(text: str) -> bool:
    """Whether an IP address is this very machine."""
    address = _parsed(text)
    return address is not None and address.is_loopback


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
