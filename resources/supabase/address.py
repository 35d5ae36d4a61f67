"""Where a Supabase database is, and connections to it: encrypted, and to no other place.

What the URL says beside user, host and database is passed on only where it is known to be
harmless: ``hostaddr`` or ``service`` would lead elsewhere. A name is looked up here and the
connection goes to what it stands for: none that leads to this machine passes for a stranger.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from coordinator.errors import SourceUnreachable
from coordinator.lanes import address_kind
from coordinator.supabase.failures import connection_refusal

if TYPE_CHECKING:
    from sqlalchemy import URL

CONNECT_S = 10
PORT = 5_432
STRICT = ("require", "verify-ca", "verify-full")
PASSED_ON = frozenset({"sslmode", "sslrootcert", "sslcert", "sslkey", "options"})
_HERE = frozenset({"loopback", "unspecified"})
_FORM = "postgresql://USER:PASSWORD@HOST:5432/postgres, special characters as %40"


class DatabaseAddress:
    """What a postgresql:// URL says, checked; its password shows nowhere.

    `name` is the environment variable that held it, and what messages call it. `loopback` allows
    this machine, where a connection need not be encrypted. SourceUnreachable for no such URL.
    """

    def __init__(self, url: str, name: str, *, timeout_s: float, loopback: bool) -> None:
        self.where = f"the database in {name}"
        self._loopback = loopback
        parsed = _parsed(url, name)
        unknown = sorted(parsed.query.keys() - PASSED_ON - {"host"})
        if unknown:
            raise SourceUnreachable(
                f"{name} has parameters that are not used here",
                hint=f"leave out all but {', '.join(sorted(PASSED_ON))}",
            )
        socket_folder = parsed.query.get("host", "")
        if not isinstance(socket_folder, str) or (parsed.host and socket_folder):
            raise SourceUnreachable(f"{name} names several hosts", hint="name one")
        self._host = parsed.host or socket_folder
        self._port = parsed.port or PORT
        self._arguments: dict[str, Any] = {
            **{key: str(value) for key, value in parsed.query.items() if key != "host"},
            "user": parsed.username or "",
            "password": parsed.password or "",
            "dbname": parsed.database or "postgres",
            "port": self._port,
            "application_name": "orch",
            "connect_timeout": max(2, min(CONNECT_S, round(timeout_s))),
            "keepalives_idle": 10,
            # a network that swallows everything would hold a read for hours
            "tcp_user_timeout": round(timeout_s * 1_000),
        }

    def connect(self) -> Any:
        """A new connection; SourceUnreachable, SourceUnauthorized or SourceAbsent when none."""
        import psycopg2

        try:
            return psycopg2.connect(**self.arguments())
        except psycopg2.OperationalError as error:
            raise connection_refusal(self.where, str(error)) from None
        except psycopg2.ProgrammingError:
            raise SourceUnreachable(f"{self.where} cannot be used", hint=_FORM) from None

    def arguments(self) -> dict[str, Any]:
        """What a connection is made with, the password among it."""
        places, here = self._places()
        if here and not self._loopback:
            raise SourceUnreachable(
                f"{self.where} is this machine",
                hint="that takes `loopback: true`, for development only",
            )
        strict = self._arguments.get("sslmode") in STRICT
        mode = {} if here or strict else {"sslmode": "require"}
        return {**self._arguments, **places, **mode}

    def _places(self) -> tuple[dict[str, str], bool]:
        """Host and addresses as libpq takes them, and whether any of them is this machine."""
        if not self._host or self._host.startswith(("/", "@")):
            return {"host": self._host}, True
        try:
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise SourceUnreachable(
                f"{self.where}: there is no such host", hint="check the URL and the network"
            ) from None
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        here = any(address_kind(one.partition("%")[0]) in _HERE for one in addresses)
        hosts = ",".join([self._host] * len(addresses))
        return {"host": hosts, "hostaddr": ",".join(addresses)}, here


def _parsed(url: str, name: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None or parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise SourceUnreachable(f"{name} holds no database URL", hint=_FORM)
    return parsed
