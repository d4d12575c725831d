"""What is not known to be of the public internet is none of it."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.handover.addresses import is_loopback, is_public

INNER = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/8",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/32",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
]


@pytest.mark.parametrize("network", INNER)
@given(data=st.data())
def test_inner_networks_are_not_public(network: str, data: st.DataObject) -> None:
    """Private, loopback, link-local, shared (CGNAT), multicast, reserved: none of their addresses."""
    parsed = ip_network(network)
    kind = IPv4Address if parsed.version == 4 else IPv6Address
    number = data.draw(
        st.integers(int(parsed.network_address), int(parsed.broadcast_address)), "address"
    )
    assert not is_public(str(kind(number)))


@given(st.ip_addresses(v=4))
def test_an_inner_address_is_found_in_every_dress(address: IPv4Address) -> None:
    """Mapped, NAT64, 6to4, Teredo: what carries an IPv4 address inside is never public."""
    number = int(address)
    for dressed in (
        (0xFFFF << 32) | number,
        (0x0064FF9B << 96) | number,
        (0x2002 << 112) | (number << 80),
        (0x20010000 << 96) | (number ^ 0xFFFFFFFF),
        number,
    ):
        assert not is_public(str(IPv6Address(dressed)))


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"],
)
def test_metadata_services_are_not_public(address: str) -> None:
    """AWS, GCP, Azure, Alibaba and Oracle answer with credentials there."""
    assert not is_public(address)


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f000001", "2130706433", "::1%lo"])
def test_what_is_no_plain_address_is_not_public(text: str) -> None:
    """Names and odd spellings are for the resolver; what it answers is judged."""
    assert not is_public(text)


@pytest.mark.parametrize("address", ["8.8.8.8", "193.0.6.139", "2001:4860:4860::8888", "2a00::1"])
def test_public_addresses_are_public(address: str) -> None:
    """The rest of the world is reached."""
    assert is_public(address)
    assert not is_loopback(address)


def test_loopback_is_this_machine() -> None:
    """All of 127/8 and ::1."""
    assert all(map(is_loopback, ["127.0.0.1", "127.8.8.8", "::1"]))
