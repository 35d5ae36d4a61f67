"""What a host may not do to who asks it: take for ever, or answer without end."""

from __future__ import annotations

import socket
import threading
import tracemalloc
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from coordinator.errors import (
    OutcomeUnknown,
    SourceLimit,
    SourceMisbehaved,
    SourceUnauthorized,
    SourceUnreachable,
    UsageError,
)
from resources.http import Lanes

SHORT = {"deadline_s": 0.3}


def packed(data: bytes, wbits: int) -> bytes:
    packer = zlib.compressobj(wbits=wbits)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize("fault", ["executed_trickle", "executed_trickled_head"])
def test_a_trickle_would_be_an_answer_if_the_call_had_time(fault, fault_server, client_of):
    """The control of the next test: nothing but the deadline makes it fail."""
    server = fault_server(trickle_s=0.3)
    server.plan(fault)
    assert client_of(server.url).get("/item").json() == {"ok": True}


@pytest.mark.parametrize("fault", ["executed_trickle", "executed_trickled_head"])
def test_a_byte_at_a_time_does_not_stretch_the_deadline(fault, fault_server, client_of):
    server = fault_server()
    server.plan(fault)
    with pytest.raises(SourceUnreachable, match="no whole answer in time"):
        client_of(server.url).get("/item", extensions=SHORT)


def test_the_deadline_of_the_settings_holds_without_one_of_the_call(fault_server, client_of):
    server = fault_server()
    server.plan("executed_trickle")
    with pytest.raises(SourceUnreachable, match="no whole answer in time"):
        client_of(server.url, timeout_s=0.3).get("/item")


def test_a_call_cannot_have_more_time_than_the_settings_give(fault_server, client_of):
    server = fault_server()
    server.plan("executed_trickle")
    with pytest.raises(SourceUnreachable, match="no whole answer in time"):
        client_of(server.url, timeout_s=0.3).get("/item", extensions={"deadline_s": 60})


@dataclass
class SlowReader:
    """A host that takes a little of a request every few milliseconds for four seconds."""

    url: str
    over: threading.Event = field(default_factory=threading.Event)
    patience_ended: bool = False

    def serve(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            for _ in range(400):
                if self.over.wait(0.01) or not connection.recv(4096):
                    return
            self.patience_ended = True


@pytest.fixture
def slow_reader() -> Iterator[SlowReader]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        reader = SlowReader(f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread = threading.Thread(target=reader.serve, args=(listener,))
        thread.start()
        yield reader
        reader.over.set()
        thread.join()


def test_a_host_that_reads_slowly_does_not_stretch_the_deadline(slow_reader, client_of):
    with pytest.raises(OutcomeUnknown, match="no whole answer in time"):
        client_of(slow_reader.url).post("/item", content=bytes(30_000_000), extensions=SHORT)
    assert not slow_reader.patience_ended


def test_a_name_that_is_not_resolved_in_time_ends_the_call_and_costs_one_thread(
    fault_server, client_of, clock
):
    answer, asked = threading.Event(), []

    def lookup(host: str, *arguments: object, **options: object) -> list[tuple[object, ...]]:
        asked.append(host)
        answer.wait(10)
        return [(0, 0, 0, "", ("127.0.0.1", 0))]

    server = fault_server()
    lanes = Lanes(now=clock.now, sleep=clock.sleep, lookup=lookup)
    client = client_of(f"http://slow.example:{server.port}", of=lanes)
    for _ in range(3):
        with pytest.raises(SourceUnreachable, match="not resolved in time"):
            client.post("/item", extensions={"deadline_s": 0.05})
    answer.set()
    assert client.post("/item").status_code == 200
    assert asked[0] == "slow.example"
    assert len(asked) <= 2


@pytest.mark.parametrize(
    ("fault", "read"),
    [
        ("executed_huge_body", SourceLimit),
        ("executed_huge_chunks", SourceLimit),
        ("executed_gzip_bomb", SourceLimit),
        ("executed_endless_gzip", SourceLimit),
        ("executed_endless_head", SourceLimit),
        ("executed_endless_continues", SourceLimit),
        ("executed_wrong_gzip", SourceUnreachable),
        ("executed_cut_gzip", SourceUnreachable),
        ("executed_unknown_encoding", SourceMisbehaved),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_that_cannot_be_used_is_a_limit_for_a_read_and_unknown_for_a_write(
    fault, read, method, fault_server, client_of
):
    server = fault_server()
    server.plan(*[fault] * 4)
    client = client_of(server.url)
    with pytest.raises(OutcomeUnknown if method == "POST" else read):
        client.request(method, "/item", extensions={"max_bytes": 2_000_000})
    assert server.bytes_sent < 12_000_000
    server.plan()
    assert client.get("/next").json() == {"ok": True}


def test_an_answer_that_says_it_is_too_large_is_not_read(fault_server, client_of):
    server = fault_server()
    server.plan("executed_huge_body")
    with pytest.raises(SourceLimit):
        client_of(server.url).get("/item")
    assert server.bytes_sent < 20_000_000


def test_what_is_too_large_is_not_asked_for_again(fault_server, client_of):
    server = fault_server()
    server.plan(*["executed_huge_chunks"] * 4)
    with pytest.raises(SourceLimit):
        client_of(server.url).get("/item", extensions={"max_bytes": 1000})
    assert len(server.arrived) == 1


def test_thirty_two_megabytes_are_the_most_unless_the_call_says_otherwise(fault_server, client_of):
    server = fault_server(lambda *request: (200, {}, bytes(int(request[1][1:]))))
    client = client_of(server.url)
    assert len(client.get("/32000000").content) == 32_000_000
    with pytest.raises(SourceLimit, match="larger than 32 MB"):
        client.get("/32000001")
    assert len(client.get("/1000", extensions={"max_bytes": 1000}).content) == 1000
    with pytest.raises(SourceLimit, match=r"larger than 0\.001 MB"):
        client.get("/1001", extensions={"max_bytes": 1000})


@pytest.mark.parametrize("wbits", [31, 15, -15], ids=["gzip", "zlib", "raw deflate"])
@pytest.mark.parametrize("size", [0, 1, 300, 100_000])
def test_compressed_answers_are_handed_on_decoded(wbits, size, fault_server, client_of):
    data = bytes(n % 251 for n in range(size))
    encoding = "gzip" if wbits == 31 else "deflate"
    body = packed(data, wbits)
    server = fault_server(lambda *request: (200, {"Content-Encoding": encoding}, body))
    answer = client_of(server.url).get("/item")
    assert answer.content == data
    assert "content-encoding" not in answer.headers
    assert answer.headers.get("content-length", "0") == str(size)
    assert server.arrived[0].headers["accept-encoding"] == "gzip, deflate"


def test_the_decoded_size_counts_and_not_the_sent_one(fault_server, client_of):
    body = packed(bytes(10_001), 31)
    server = fault_server(lambda *request: (200, {"Content-Encoding": "gzip"}, body))
    client = client_of(server.url)
    with pytest.raises(SourceLimit):
        client.get("/item", extensions={"max_bytes": 10_000})
    assert len(client.get("/item", extensions={"max_bytes": 10_001}).content) == 10_001


def test_a_bomb_is_not_unpacked_further_than_it_may_go(fault_server, client_of):
    bomb = packed(bytes(60_000_000), 31)
    assert len(bomb) < 100_000
    server = fault_server(lambda *request: (200, {"Content-Encoding": "gzip"}, bomb))
    client = client_of(server.url)
    tracemalloc.start()
    try:
        with pytest.raises(SourceLimit):
            client.get("/item", extensions={"max_bytes": 1_000_000})
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "x"])
def test_an_encoding_that_was_not_asked_for_is_refused(encoding, fault_server, client_of):
    server = fault_server(lambda *request: (200, {"Content-Encoding": encoding}, b"{}"))
    with pytest.raises(SourceMisbehaved, match="not asked for"):
        client_of(server.url).get("/item")


def test_something_behind_the_end_of_the_compressed_answer_is_damage(fault_server, client_of):
    body = packed(b"{}", 31) + b"more"
    server = fault_server(lambda *request: (200, {"Content-Encoding": "gzip"}, body))
    with pytest.raises(SourceUnreachable, match="damaged"):
        client_of(server.url).get("/item")


def test_an_answer_without_a_body_may_name_a_length_and_an_encoding(fault_server, client_of):
    headers = {"Content-Encoding": "gzip", "Content-Length": "999999999"}
    server = fault_server(lambda *request: (200, headers, b""))
    assert client_of(server.url).head("/item").content == b""


def test_a_header_that_cannot_be_sent_is_an_error_without_its_text(fault_server, client_of):
    server = fault_server()
    client = client_of(server.url, headers={"apikey": "sb_secret_xyz\n"})
    for _ in range(8):
        with pytest.raises(SourceUnauthorized, match="no header may hold") as raised:
            client.get("/item")
    assert "sb_secret" not in str(raised.value)
    assert server.arrived == []


def test_an_effect_nobody_knows_is_a_mistake_of_the_caller(fault_server, client_of):
    with pytest.raises(UsageError, match="effect"):
        client_of(fault_server().url).get("/item", extensions={"effect": "safe"})


def test_a_call_says_itself_what_it_does_to_the_world(fault_server, client_of):
    server = fault_server()
    client = client_of(server.url)
    server.plan("executed_then_reset")
    assert client.post("/search", extensions={"effect": "read"}).status_code == 200
    server.plan("executed_then_reset")
    with pytest.raises(OutcomeUnknown):
        client.put("/item", extensions={"effect": "once"})
