"""What a call through a lane costs beside the same call with bare httpx, on kept connections."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from benchmarks.measuring import Row, in_turn, shown

if TYPE_CHECKING:
    import httpx

CALLS = 300
BODY = b'{"values": "%s"}' % (b"x" * 2_000)


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else head and body are 40 ms apart

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()


class _Clock:
    """A sleep is over at once, so that the lane's rate, which is meant to slow it, does not."""

    def __init__(self) -> None:
        self._skipped = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._skipped

    def sleep(self, seconds: float) -> None:
        self._skipped += timedelta(seconds=seconds)


def rows() -> Iterator[Row]:
    """A read goes over a kept connection on both sides; a write through a lane over a new one."""
    import httpx

    from coordinator.settings.sources import Remote
    from resources.http import Lanes

    clock = _Clock()
    lanes = Lanes(now=clock.now, sleep=clock.sleep)
    settings = Remote(loopback=True, requests_per_second=100)
    with (
        _host() as url,
        lanes.client("acme", "jira", settings, base_url=url) as ours,
        httpx.Client(base_url=url, trust_env=False) as theirs,
    ):
        for what, method, content in (("a read", "GET", None), ("a write", "POST", BODY)):
            lane, bare = in_turn(
                lambda method=method, content=content: _calls(ours, method, content),
                lambda method=method, content=content: _calls(theirs, method, content),
            )
            yield Row(
                f"{what} through a lane",
                f"{shown(lane / CALLS)} = {lane / bare:.2f} ×",
                f"bare httpx on a kept connection, {shown(bare / CALLS)}",
            )


def _calls(client: httpx.Client, method: str, content: bytes | None) -> None:
    for _ in range(CALLS):
        assert client.request(method, "/item", content=content).status_code == 200


@contextmanager
def _host() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
