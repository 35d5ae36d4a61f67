"""E-mail addresses and internal hosts in a text.

Internal are private, loopback and link-local addresses, names of one label where a host must
stand, names below suffixes that no public name has, and whatever the company's settings name.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable, Iterator

from coordinator.learnings.lexicon import word_set
from coordinator.redaction.phrases import Span

EMAIL, HOST = "e-mail", "host"

_AT = r"(?:@|%40|&#64;|[ ]?[\[({][ ]?(?:at|arroba|@)[ ]?[\])}][ ]?)"
_DOT = r"(?:\.|[ ]?[\[({][ ]?(?:dot|ponto|\.)[ ]?[\])}][ ]?)"
_MAIL = re.compile(
    rf"(?<![\w.+-])[\w.+'-]{{1,100}}{_AT}[\w-]{{1,63}}(?:{_DOT}[\w-]{{1,63}}){{0,8}}{_DOT}[^\W\d_]{{2,24}}",
    re.IGNORECASE,
)
_URL_HOST = re.compile(
    r"(?<![\w+.-])[a-z][a-z0-9+.-]{1,20}://(?:[^\s/@?#\"'<>]{0,200}@)?"
    r"(\[[0-9a-f:.%]{2,60}\]|[^\s/:?#@\"'<>()\[\]{}|\\`*,;]{1,253})",
    re.IGNORECASE,
)
_LOGIN_HOST = re.compile(r"(?<![\w.-])[\w.-]{1,64}@([\w-]{1,63})(?=:[\w~/.])")
_PORT_HOST = re.compile(r"(?<![\w./@:-])([a-z][a-z0-9-]{0,62}):\d{4,5}(?![\w:]|\.\d)")
_SHARE_HOST = re.compile(r"(?<![\w\\])\\\\([\w.-]{2,253})\\", re.ASCII)
_NAME = re.compile(r"(?<![\w-])[\w-]{1,63}(?:\.[\w-]{1,63})+")
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:\.\d{1,3}){0,3}", re.I)

_INTERNAL_SUFFIXES = word_set("""
    internal intern interno local localdomain localhost corp corporate lan home intra intranet
    private privado rede office vpn cluster consul test
""")
_SHARED_NETWORK = ipaddress.ip_network("100.64.0.0/10")  # carriers' own, RFC 6598

PUBLIC_SITES = word_set("""
    github.com gitlab.com bitbucket.org codeberg.org sr.ht dev.azure.com ssh.dev.azure.com
    visualstudio.com gmail.com googlemail.com outlook.com hotmail.com yahoo.com icloud.com
    proton.me protonmail.com uol.com.br bol.com.br terra.com.br users.noreply.github.com
""")
"""Hosts of many: their name says nothing of a company."""
_SECOND_LEVEL = word_set("""
    com co net org gov edu ac art ind inf eti eng adv app dev
""")


def company_domains(hosts: Iterable[str]) -> frozenset[str]:
    """The domains below which every name is the company's: of ``git.acme.com.br``, ``acme.com.br``.

    Sites of many are left out, and so are names without a dot.
    """
    found = set()
    for host in hosts:
        name = host.casefold().strip(".")
        if "." not in name or name in PUBLIC_SITES or _address(name) is not None:
            continue
        labels = name.split(".")
        short = len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
        found.add(".".join(labels[-3 if short else -2 :]))
    return frozenset(found - PUBLIC_SITES)


def emails(text: str) -> Iterator[Span]:
    """Every e-mail address, also as ``ana (at) acme (dot) org``."""
    for found in _MAIL.finditer(text):
        yield Span(found.start(), found.end(), EMAIL)


def hosts(text: str, domains: Collection[str], names: Collection[str]) -> Iterator[Span]:
    """Every internal host; `domains` and the whole `names` (lower case) are the company's own."""
    for pattern in (_URL_HOST, _LOGIN_HOST, _PORT_HOST, _SHARE_HOST):
        for found in pattern.finditer(text):
            if _is_internal(found[1], domains, names, single_label=True):
                yield Span(*found.span(1), HOST)
    for pattern in (_NAME, _IPV4, _IPV6):
        for found in pattern.finditer(text):
            if _is_internal(found.group(), domains, names, single_label=False):
                yield Span(*found.span(), HOST)


def _is_internal(
    host: str, domains: Collection[str], names: Collection[str], *, single_label: bool
) -> bool:
    name = host.casefold().strip("[].")
    address = _address(name)
    if address is not None:
        return _is_private(address)
    if name in names:
        return True
    labels = name.split(".")
    if len(labels) == 1:
        return single_label
    if single_label and all(re.fullmatch(r"\d+|0x[0-9a-f]+", label) for label in labels):
        return True  # 127.1 and 0x7f.1 reach a machine too
    if labels[-1] in _INTERNAL_SUFFIXES or labels[-2:] == ["home", "arpa"]:
        return True
    return any(name == domain or name.endswith(f".{domain}") for domain in domains)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return None


def _is_private(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if address.is_unspecified:
        return False  # "listen on all": no machine's address
    if isinstance(address, ipaddress.IPv4Address) and address in _SHARED_NETWORK:
        return True
    return address.is_private or address.is_loopback or address.is_link_local
