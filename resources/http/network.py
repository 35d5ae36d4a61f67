"""The sockets under a lane: only checked addresses, and every step within what is left of the call.

httpx's timeouts bound one read each, so a server that sends a byte at a time is never too slow for
them. httpcore lets its network be replaced: here every connect, handshake, read and write gets what
is left of the attempt.
"""

from __future__ import annotations

import errno
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore

from coordinator.lanes import address_kind, worth_trying
from resources.http.names import Names
from resources.http.stopped import Stopped

MAX_HEAD_BYTES = 64 * 1024
PRIVATE_AUTHORITY = "a private certificate authority is given by the variable SSL_CERT_FILE"
CERTIFICATE_FAULTS = {
    9: "is not valid yet: a clock is wrong, there or here",
    10: "has expired",
    18: "is signed by itself, not by a known authority",
    19: "is signed by an authority nobody here knows",
    20: "is signed by an authority nobody here knows",
    62: "is for another host",
    64: "is for another host",
}
"""OpenSSL's X509_V_ERR codes, as `ssl.SSLCertVerificationError.verify_code` gives them."""


class Attempt:
    """One try of a call, on one thread: when it must be over, and how much of a head came."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self._head_bytes: int | None = 0

    def left(self, too_late: Callable[[], Exception]) -> float:
        """Seconds left, never 0, which would mean "do not wait" to a socket; else `too_late`."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise too_late()
        return left

    def head_ended(self) -> None:
        """What comes from now on is the answer's body."""
        self._head_bytes = None

    def check_head(self) -> None:
        """Stop a head that is still not complete after so much."""
        if self._head_bytes is not None and self._head_bytes >= MAX_HEAD_BYTES:
            limit = MAX_HEAD_BYTES // 1024
            raise Stopped("too large", f"the answer's headers are larger than {limit} kB")

    def received(self, size: int) -> None:
        """So many bytes came."""
        if self._head_bytes is not None:
            self._head_bytes += size


class Network(httpcore.NetworkBackend):
    """Connects to addresses of the `allowed` kinds only, each checked, within the attempt's time.

    The name is resolved here and the checked address is connected to: httpcore would resolve it
    again, and a name may point elsewhere the second time.
    """

    def __init__(self, names: Names, allowed: frozenset[str]) -> None:
        self._names = names
        self._allowed = allowed
        self._sockets = httpcore.SyncBackend()
        self._of_thread = threading.local()

    @contextmanager
    def attempt(self, seconds: float) -> Iterator[Attempt]:
        """What this thread does on the network within belongs to one attempt.

        httpcore hands no request on to its network, but calls it on the request's own thread.
        """
        attempt = self._of_thread.attempt = Attempt(seconds)
        try:
            yield attempt
        finally:
            del self._of_thread.attempt

    @property
    def current(self) -> Attempt:
        attempt: Attempt = self._of_thread.attempt
        return attempt

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self._checked(host)
        why = "there was no time left to connect"
        for tried, address in enumerate(addresses):
            # an address that swallows packets must leave time for the next one
            room = self.current.left(_no_time) / (len(addresses) - tried)
            try:
                stream = self._sockets.connect_tcp(address, port, timeout=room)
            except httpcore.ConnectTimeout:
                why = "the host accepts no connection"
            except httpcore.ConnectError as error:
                refused = getattr(error.__cause__, "errno", None) == errno.ECONNREFUSED
                why = "the host refused the connection" if refused else "no way leads to the host"
            else:
                return Stream(self, stream)
        raise Stopped("refused", why)

    def connect_unix_socket(self, *arguments: Any, **options: Any) -> httpcore.NetworkStream:
        raise Stopped("refused", "a unix socket is no host")

    def _checked(self, host: str) -> list[str]:
        addresses = self._names.addresses(host, self.current.left(_no_time))
        for address in addresses:
            kind = address_kind(address)
            if kind not in self._allowed:
                raise Stopped(
                    "refused",
                    f"its name leads to a {kind} address, where no call may go",
                    "check the address in the settings; `loopback: true` is for development only",
                )
        return worth_trying(addresses)


class Stream(httpcore.NetworkStream):
    """A connection whose every step is bound by the attempt that uses it now."""

    def __init__(self, network: Network, inner: httpcore.NetworkStream) -> None:
        self._network = network
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        attempt = self._network.current
        attempt.check_head()
        data = self._inner.read(max_bytes, attempt.left(httpcore.ReadTimeout))
        attempt.received(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # the inner stream would give each piece the whole time again
        attempt = self._network.current
        sock = self._inner.get_extra_info("socket")
        rest = memoryview(buffer)
        while rest:
            sock.settimeout(attempt.left(httpcore.WriteTimeout))
            try:
                rest = rest[sock.send(rest) :]
            except TimeoutError:
                raise httpcore.WriteTimeout from None
            except OSError:
                raise httpcore.WriteError from None

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        try:
            room = self._network.current.left(_no_time)
            secured = self._inner.start_tls(ssl_context, server_hostname, room)
        except httpcore.ConnectTimeout:
            raise Stopped("refused", "the host does not complete the TLS handshake") from None
        except httpcore.ConnectError as error:
            raise _tls_failure(error.__cause__) from None
        except Stopped:
            self.close()
            raise
        return Stream(self._network, secured)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _no_time() -> Stopped:
    return Stopped("refused", "the time of the call was over before it could be sent")


def _tls_failure(cause: BaseException | None) -> Stopped:
    if isinstance(cause, ssl.SSLCertVerificationError):
        fault = CERTIFICATE_FAULTS.get(cause.verify_code, "was not accepted")
        return Stopped("refused", f"the host's certificate {fault}", PRIVATE_AUTHORITY)
    return Stopped("refused", "the host broke off the TLS handshake, or speaks no TLS")
