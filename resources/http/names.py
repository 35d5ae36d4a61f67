"""What a host's name resolves to, within a time: the system's resolver knows no deadline."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from ipaddress import ip_address
from typing import Any

from resources.http.stopped import Stopped

Lookup = Callable[..., Sequence[tuple[Any, ...]]]
"""`socket.getaddrinfo`, or something that answers like it."""


class Names:
    """Looks names up in threads, because a lookup cannot be stopped.

    A name being looked up is not looked up again: a resolver that hangs costs one thread a host.
    Nothing is remembered afterwards.
    """

    def __init__(self, lookup: Lookup = socket.getaddrinfo) -> None:
        self._lookup = lookup
        self.start_afresh()

    def start_afresh(self) -> None:
        """Forget what is being looked up: after a fork the threads are gone."""
        self._lock = threading.Lock()
        self._running: dict[str, Future[list[str]]] = {}

    def addresses(self, host: str, seconds: float) -> list[str]:
        """The addresses of `host`, in the resolver's order; Stopped after `seconds`."""
        if _is_address(host):
            return [host]
        with self._lock:
            answer = self._running.get(host)
            if answer is None:
                answer = self._running[host] = Future()
                threading.Thread(
                    target=self._look_up, args=(host, answer), name="lookup", daemon=True
                ).start()
        try:
            return answer.result(seconds)
        except TimeoutError:
            raise Stopped("refused", "its name was not resolved in time") from None

    def _look_up(self, host: str, answer: Future[list[str]]) -> None:
        try:
            found = self._lookup(host, None, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        except (OSError, UnicodeError):  # UnicodeError: a part of the name is too long
            addresses = []
        with self._lock:
            self._running.pop(host, None)
        if addresses:
            answer.set_result(addresses)
        else:
            answer.set_exception(Stopped("refused", "its name has no address"))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
