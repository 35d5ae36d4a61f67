"""An HTTP host on loopback that breaks in one planned way per arriving request.

Raw sockets, because the faults lie below what an HTTP server lets one do. What really executes a
request is `upstream`; the faults differ in whether they come before or after it.
"""

from __future__ import annotations

import asyncio
import inspect
import socket
import struct
import threading
import zlib
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

Answer = tuple[int, dict[str, str], bytes]
Upstream = Callable[[str, str, dict[str, str], bytes], Answer | Awaitable[Answer]]
"""Method, target, headers by lower-case name, body → status, headers, body. It is called in the
server's thread, one request at a time; a coroutine function may be waiting in several."""

FAULTS: Mapping[str, bool] = MappingProxyType(
    {
        "refuse": False,
        "close_on_accept": False,
        "reset_on_accept": False,
        "close_while_reading": False,
        "reset_after_request": False,
        "hang_unexecuted": False,
        "executed_then_close": True,
        "executed_then_reset": True,
        "executed_partial_status": True,
        "executed_partial_headers": True,
        "executed_short_body": True,
        "executed_bad_chunk": True,
        "executed_garbage": True,
        "executed_then_hang": True,
        "executed_trickle": True,
    }
)
"""The transport faults, and whether `upstream` executes the request."""
HOSTILE: Mapping[str, bool] = MappingProxyType(
    {
        "tls_garbage": False,
        "executed_trickled_head": True,
        "executed_endless_head": True,
        "executed_endless_continues": True,
        "executed_huge_body": True,
        "executed_huge_chunks": True,
        "executed_gzip_bomb": True,
        "executed_endless_gzip": True,
        "executed_wrong_gzip": True,
        "executed_cut_gzip": True,
        "executed_unknown_encoding": True,
    }
)
"""Answers made to exhaust who reads them, or that are not what they say."""
AT_THE_DOOR = frozenset({"refuse", "close_on_accept", "reset_on_accept", "tls_garbage"})
"""They strike before a request, so they need a new connection."""
GIGABYTE = 1 << 30
STEP_S = 0.01


@dataclass(frozen=True)
class Arrival:
    """What came: a request, or only a connection when the fault strikes before one is read."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    fault: str
    executed: bool
    connection: int


NOTHING = Arrival("", "", {}, b"", "", False, 0)


def answer_ok(method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
    """The upstream that says yes to everything."""
    return 200, {"Content-Type": "application/json"}, b'{"ok": true}'


class FaultServer:
    """The host at `url`, with what arrived, and how many connections there were and are open.

    Trickles last `trickle_s`, and hangs end after `hang_s`, so that a client without a deadline
    gets its answer and a test that expects an error fails.
    """

    FAULTS = FAULTS
    HOSTILE = HOSTILE

    def __init__(
        self, upstream: Upstream = answer_ok, *, trickle_s: float = 4.0, hang_s: float = 10.0
    ) -> None:
        self.upstream = upstream
        self.arrived: list[Arrival] = []
        self.bytes_sent = 0
        self.mistakes: list[Exception] = []
        self._trickled = int(trickle_s / STEP_S)
        self._hang_s = hang_s
        self._plan: deque[str] = deque()
        self._idle: set[socket.socket] = set()
        self.connections = 0
        # holds the port while nobody listens, which is what "connection refused" needs
        self._holder = _bound(0)
        self.port: int = self._holder.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._listener: socket.socket | None = None
        self._sockets: set[socket.socket] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._run(self._once(self._open))

    def __enter__(self) -> FaultServer:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def plan(self, *faults: str) -> None:
        """What happens to the next requests, in their order; "" and all after it pass through.

        A refused connection is never seen here: after "refuse" all are refused until the next plan.
        """
        unknown = set(faults) - set(FAULTS) - set(HOSTILE) - {""}
        assert not unknown, f"no such fault: {unknown}"

        def renew() -> None:
            self._plan = deque(faults)
            self._prepare()

        self._run(self._once(renew))

    @property
    def open(self) -> int:
        """How many connections are open."""
        return len(self._sockets)

    @property
    def executed(self) -> list[Arrival]:
        """What upstream was asked, in that order."""
        return [arrival for arrival in self.arrived if arrival.executed]

    def close(self) -> None:
        """Stop; who still waits for an answer gets none. Raises what `upstream` raised."""
        if self._loop.is_closed():
            return

        async def stop() -> None:
            self._shut()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for sock in tuple(self._sockets):  # of those whose task had not begun
                self._hang_up(sock)

        self._run(stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._holder.close()
        if self.mistakes:
            raise self.mistakes[0]

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _once(self, work: Callable[[], None]) -> None:
        work()

    def _open(self) -> None:
        if self._listener is None:
            self._listener = _bound(self.port)
            self._listener.listen(128)
            self._loop.add_reader(self._listener, self._accept, self._listener)

    def _shut(self) -> None:
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    def _prepare(self) -> None:
        """Be ready for the next fault: one at the door needs new connections, or no door."""
        if self._next() in AT_THE_DOOR:
            for sock in self._idle:
                # close() alone is not seen while somebody waits to read
                sock.shutdown(socket.SHUT_RDWR)
            self._idle.clear()
        if self._next() == "refuse":
            self._shut()
        else:
            self._open()

    def _next(self) -> str:
        return self._plan[0] if self._plan else ""

    def _take(self) -> str:
        return self._plan.popleft() if self._plan else ""

    def _accept(self, listener: socket.socket) -> None:
        sock, _ = listener.accept()
        sock.setblocking(False)
        self._sockets.add(sock)
        self.connections += 1
        talk = _Talk(self, sock, self.connections, self._loop)
        self._loop.create_task(talk.serve(self._take() if self._next() in AT_THE_DOOR else ""))

    def _hang_up(self, sock: socket.socket) -> None:
        self._idle.discard(sock)
        self._sockets.discard(sock)
        sock.close()


class _Talk:
    """One connection."""

    def __init__(
        self, server: FaultServer, sock: socket.socket, number: int, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._server = server
        self._sock = sock
        self._number = number
        self._loop = loop
        self._buffer = b""

    async def serve(self, at_the_door: str) -> None:
        try:
            if at_the_door:
                await self._at_the_door(at_the_door)
            else:
                while await self._one():
                    pass
        except OSError:
            pass  # the client went away
        finally:
            self._server._hang_up(self._sock)

    async def _at_the_door(self, fault: str) -> None:
        self._note(NOTHING, fault, executed=False)
        self._server._prepare()
        if fault == "reset_on_accept":
            # a reset before the client's first byte reaches it now inside connect, now after
            await self._loop.sock_recv(self._sock, 1)
            self._reset()
        elif fault == "tls_garbage":
            await self._more()
            await self._send(b"\x16\x03\x01 this is no handshake\r\n" * 4)

    async def _one(self) -> bool:
        """Serve one request; whether the connection is good for another."""
        self._server._idle.add(self._sock)
        if not self._buffer and not await self._more():
            return False
        self._server._idle.discard(self._sock)
        fault = self._server._take()
        if fault == "close_while_reading":
            self._note(NOTHING, fault, executed=False)
            self._server._prepare()
            return False
        request = await self._read()
        executes = not fault or FAULTS.get(fault, HOSTILE.get(fault, False))
        self._note(request, fault, executed=executes)
        answer = await self._execute(request) if executes else answer_ok("", "", {}, b"")
        self._server._prepare()
        if fault:
            await self._fail(fault, answer)
            return False
        last = self._server._next() in AT_THE_DOOR
        body = b"" if request.method == "HEAD" else answer[2]
        await self._send(_head(answer, close=last) + body)
        return not last

    async def _execute(self, request: Arrival) -> Answer:
        try:
            given = self._server.upstream(
                request.method, request.target, dict(request.headers), request.body
            )
            return await given if inspect.isawaitable(given) else given
        except Exception as error:
            self._server.mistakes.append(error)
            return 500, {}, b""

    async def _fail(self, fault: str, answer: Answer) -> None:
        # most need a body to break off in
        status, headers, body = answer
        status, body = (200, b"{}") if status in (204, 304) or not body else (status, body)
        answer = (status, headers, body)
        match fault.removeprefix("executed_"):
            case "reset_after_request" | "then_reset":
                self._reset()
            case "hang_unexecuted" | "then_hang":
                await self._hang()
            case "then_close":
                pass
            case "partial_status":
                await self._send(b"HTTP/1.1 2")
            case "partial_headers":
                await self._send(_head(answer)[:-12])
            case "short_body":
                longer = {**headers, "Content-Length": str(len(body) + 100)}
                await self._send(_head((status, longer, body)) + body)
            case "bad_chunk":
                await self._chunked(answer, [body])
                await self._send(b"ZZZ\r\nno size\r\n")
            case "garbage":
                await self._send(b"\x00\xff this is no HTTP\r\n\r\n")
            case "trickle":
                padded = body + b" " * self._server._trickled
                await self._send(_head((status, headers, padded)))
                await self._trickle(padded)
            case "trickled_head":
                slow = {"X-Slow": "s" * self._server._trickled, **headers}
                await self._trickle(_head((status, slow, body)))
                await self._send(body)
            case "endless_head":
                await self._send(b"HTTP/1.1 200 OK\r\n")
                await self._flood(b"X-More: " + b"m" * 1000 + b"\r\n")
            case "endless_continues":
                await self._flood(b"HTTP/1.1 100 Continue\r\n\r\n" * 40)
            case "huge_body":
                await self._send(_head((status, {"Content-Length": str(GIGABYTE)}, b"")))
                await self._flood(b"\0" * 65_536)
            case "huge_chunks":
                await self._chunked(answer, [])
                await self._flood(b"10000\r\n" + b"\0" * 65_536 + b"\r\n")
            case "endless_gzip":
                await self._endless_gzip()
            case _:
                await self._encoded(fault, answer)

    async def _encoded(self, fault: str, answer: Answer) -> None:
        status, headers, body = answer
        encoding = "br" if fault == "executed_unknown_encoding" else "gzip"
        packed = body
        if fault == "executed_gzip_bomb":
            packed = _gzip(b"\0" * 40_000_000)
        elif fault == "executed_cut_gzip":
            packed = _gzip(body)[:-9]
        encoded = (status, {**headers, "Content-Encoding": encoding}, packed)
        await self._send(_head(encoded, close=True) + packed)

    async def _endless_gzip(self) -> None:
        """A stream that never ends and decodes to nothing."""
        empty_block = b"\0\0\0\xff\xff"
        await self._chunked((200, {"Content-Encoding": "gzip"}, b""), [_gzip(b"")[:10]])
        await self._flood(b"fff\r\n" + empty_block * 819 + b"\r\n")

    async def _read(self) -> Arrival:
        while b"\r\n\r\n" not in self._buffer:
            await self._need()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        pairs = (line.split(":", 1) for line in lines)
        headers = {name.lower(): text.strip() for name, text in pairs}
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(await self._until(b"\r\n"), 16):
                body += await self._exactly(size)
                await self._until(b"\r\n")
            await self._until(b"\r\n")
        else:
            body = await self._exactly(int(headers.get("content-length", 0)))
        return Arrival(method, target, headers, body, "", False, 0)

    async def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            await self._need()
        line, _, self._buffer = self._buffer.partition(mark)
        return line

    async def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            await self._need()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    async def _need(self) -> None:
        if not await self._more():
            raise ConnectionError("the client went away")

    async def _more(self) -> bool:
        data = await self._loop.sock_recv(self._sock, 65_536)
        self._buffer += data
        return bool(data)

    async def _send(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._sock, data)
        self._server.bytes_sent += len(data)

    async def _trickle(self, data: bytes) -> None:
        for byte in data:
            await self._send(bytes([byte]))
            await asyncio.sleep(STEP_S)

    async def _flood(self, data: bytes) -> None:
        for _ in range(GIGABYTE // len(data)):
            await self._send(data)

    async def _chunked(self, answer: Answer, chunks: list[bytes]) -> None:
        await self._send(_head((answer[0], {**answer[1], "Transfer-Encoding": "chunked"}, b"")))
        for chunk in chunks:
            await self._send(b"%x\r\n%s\r\n" % (len(chunk), chunk))

    async def _hang(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._more(), self._server._hang_s)

    def _reset(self) -> None:
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _note(self, request: Arrival, fault: str, *, executed: bool) -> None:
        self._server.arrived.append(
            replace(request, fault=fault, executed=executed, connection=self._number)
        )


def _head(answer: Answer, *, close: bool = False) -> bytes:
    status, headers, body = answer
    named = {name.lower() for name in headers}
    lines = [f"HTTP/1.1 {status} Said"]
    lines += [f"{name}: {text}" for name, text in headers.items()]
    if not named & {"content-length", "transfer-encoding"}:
        lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _gzip(data: bytes) -> bytes:
    packer = zlib.compressobj(1, wbits=zlib.MAX_WBITS | 16)
    return packer.compress(data) + packer.flush()


def _bound(port: int) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # accepted sockets inherit it
    sock.bind(("127.0.0.1", port))
    sock.setblocking(False)
    return sock
