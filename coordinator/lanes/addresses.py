"""What kind of network an address belongs to: the world, this machine, or something between.

A name is checked by what it resolves to, because ``0``, ``2130706433``, ``127.1`` and
``::ffff:127.0.0.1`` all reach this machine, and a public name may point at a private network.
The tables follow IANA's special-purpose registries; `ipaddress.is_global` differs between Python
versions and calls multicast and site-local addresses global.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from itertools import zip_longest

PUBLIC = "public"
LOOPBACK = "loopback"
MOST_TRIED = 4

IPV4 = tuple(
    (kind, IPv4Network(network))
    for kind, network in (
        (LOOPBACK, "127.0.0.0/8"),
        ("unspecified", "0.0.0.0/8"),
        ("private", "10.0.0.0/8"),
        ("private", "172.16.0.0/12"),
        ("private", "192.168.0.0/16"),
        ("carrier's private", "100.64.0.0/10"),
        ("link-local", "169.254.0.0/16"),
        ("reserved", "192.0.0.0/24"),
        ("reserved", "192.0.2.0/24"),
        ("reserved", "192.88.99.0/24"),
        ("reserved", "198.18.0.0/15"),
        ("reserved", "198.51.100.0/24"),
        ("reserved", "203.0.113.0/24"),
        ("multicast", "224.0.0.0/4"),
        ("reserved", "240.0.0.0/4"),
    )
)
IPV6 = tuple(
    (kind, IPv6Network(network))
    for kind, network in (
        (LOOPBACK, "::1/128"),
        ("unspecified", "::/128"),
        ("private", "fc00::/7"),
        ("link-local", "fe80::/10"),
        ("multicast", "ff00::/8"),
        ("reserved", "2001::/23"),
        ("reserved", "2001:db8::/32"),
        ("reserved", "3fff::/20"),
        (PUBLIC, "2000::/3"),
    )
)
"""The first that fits counts; what fits none is reserved."""
MAPPED = IPv6Network("::ffff:0:0/96")
CARRIERS = ((IPv6Network("64:ff9b::/96"), 0), (IPv6Network("2002::/16"), 80))
"""Networks that carry IPv4 addresses elsewhere, and how many bits follow those: NAT64 and 6to4."""


def address_kind(address: str) -> str:
    """``public``, ``loopback``, or another word for where `address` leads; never an error."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    return _ipv4_kind(parsed) if isinstance(parsed, IPv4Address) else _ipv6_kind(parsed)


def allowed_kinds(scheme: str, *, loopback: bool) -> frozenset[str]:
    """Where a call may go: to the world by https; with `loopback` also to this machine.

    Plain http never leaves this machine.
    """
    if scheme == "https":
        return frozenset({PUBLIC, LOOPBACK} if loopback else {PUBLIC})
    return frozenset({LOOPBACK} if scheme == "http" and loopback else ())


def worth_trying(addresses: Sequence[str]) -> list[str]:
    """The first four of `addresses`, IPv6 and IPv4 in turn: where one leads nowhere, none does."""
    six = [address for address in addresses if ":" in address]
    four = [address for address in addresses if ":" not in address]
    order = (six, four) if addresses[:1] == six[:1] else (four, six)
    return [address for pair in zip_longest(*order) for address in pair if address][:MOST_TRIED]


def _ipv4_kind(address: IPv4Address) -> str:
    return next((kind for kind, network in IPV4 if address in network), PUBLIC)


def _ipv6_kind(address: IPv6Address) -> str:
    if address in MAPPED:
        return _ipv4_kind(_ipv4_inside(address, 0))
    for network, behind in CARRIERS:
        if address in network:
            kind = _ipv4_kind(_ipv4_inside(address, behind))
            return "reserved" if kind == LOOPBACK else kind  # the gateway's own, not this machine
    return next((kind for kind, network in IPV6 if address in network), "reserved")


def _ipv4_inside(address: IPv6Address, behind: int) -> IPv4Address:
    return IPv4Address((int(address) >> behind) & 0xFFFFFFFF)
