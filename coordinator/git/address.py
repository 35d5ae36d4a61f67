"""Which repository addresses git may be given, and in what form.

git reads an address in surprising ways: `ext::sh -c …` runs a command, `https::x` picks a remote
program, a host or path that starts with '-' becomes an option of ssh. So an address is taken apart
here and only known forms are put together again; everything else never reaches git.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from coordinator.errors import GitError

GitProtocol = Literal["https", "ssh", "file"]

HOST = re.compile(r"(?!-)[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]")
USER = re.compile(r"(?!-)[A-Za-z0-9._-]{1,64}")
SCP = re.compile(r"(?P<user>[^@/:]+)@(?P<host>[^@/:]+):(?P<path>[^:].*)", re.DOTALL)

FORMS = "write https://host/path, ssh://user@host/path, user@host:path or an absolute path"


@dataclass(frozen=True)
class GitAddress:
    """An address that is safe to give to git.

    `text` is what git gets, `shown` what messages may show (no credentials, no control
    characters), `origin` the ``https://host:port/`` a token may be sent to, empty otherwise.
    """

    protocol: GitProtocol
    text: str
    shown: str
    origin: str = ""


def git_address(url: str, allowed: Collection[GitProtocol]) -> GitAddress:
    """The address in `url` when its form is known and its protocol allowed, else GitError."""
    shown = shown_url(url)
    if not url or url != url.strip() or _has_control(url) or _has_control(unquote(url)):
        raise _refused(shown, "it is empty or holds blanks or control characters")
    address = _local(url) or _scp(url, shown) or _url(url, shown)
    if address.protocol not in allowed:
        raise GitError(
            f"the repository {shown} uses {address.protocol}, which this company does not allow",
            hint=f"add {address.protocol} to git.protocols if that is meant",
        )
    return address


def shown_url(url: str) -> str:
    """`url` for people: without user, password, query and control characters, 200 characters."""
    without = re.sub(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@", r"\1", url)
    # user:password@host:path, which no form allows, is most likely typed by mistake
    without = re.sub(r"^[^/@]*:[^/@]*@", "", without)
    without = re.split(r"[?#]", without, maxsplit=1)[0] if "://" in without else without
    return without.encode("unicode_escape").decode("ascii")[:200]


def _local(url: str) -> GitAddress | None:
    path = url
    if url.startswith("file://"):
        path = unquote(url.removeprefix("file://").removeprefix("localhost"))
        if not path.startswith("/"):
            raise _refused(shown_url(url), "a file:// address needs an absolute path and no host")
    return GitAddress("file", path, shown_url(path)) if path.startswith("/") else None


def _scp(url: str, shown: str) -> GitAddress | None:
    found = SCP.fullmatch(url)
    if found is None or "://" in url:
        return None
    _check_part(USER, found["user"], shown, "user")
    _check_part(HOST, found["host"], shown, "host")
    _check_path(found["path"], shown)
    return GitAddress("ssh", url, shown)


def _url(url: str, shown: str) -> GitAddress:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refused(shown, "it is no URL") from None
    if parts.scheme not in ("https", "ssh"):
        raise _refused(shown, "its protocol is not https, ssh or file")
    if parts.query or parts.fragment or parts.password:
        raise _refused(shown, "it carries credentials, a query or a fragment")
    host = _host(parts)
    _check_part(HOST, host, shown, "host")
    _check_path(parts.path, shown)
    place = f"{host}:{port}" if port else host
    if parts.scheme == "https":
        if parts.username is not None:
            raise _refused(shown, "it carries credentials: name them by git.token_env")
        origin = f"https://{place}/"
        return GitAddress("https", origin + parts.path.lstrip("/"), shown, origin)
    if parts.username is not None:
        _check_part(USER, parts.username, shown, "user")
        place = f"{parts.username}@{place}"
    return GitAddress("ssh", f"ssh://{place}{parts.path}", shown)


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return f"[{host}]" if ":" in host else host


def _check_part(form: re.Pattern[str], text: str, shown: str, name: str) -> None:
    if not form.fullmatch(text):
        raise _refused(shown, f"its {name} is not well formed")


def _check_path(path: str, shown: str) -> None:
    if unquote(path).lstrip("/").startswith("-") or not path.strip("/"):
        raise _refused(shown, "its path is empty or starts with '-'")


def _has_control(text: str) -> bool:
    return any(ord(char) < 32 or 127 <= ord(char) < 160 for char in text)


def _refused(shown: str, why: str) -> GitError:
    return GitError(f"the repository address {shown!r} is refused: {why}", hint=FORMS)
