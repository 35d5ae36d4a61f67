"""Calls go to the configured host and nowhere else, and not into networks behind this machine."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from coordinator.errors import OutcomeUnknown, SourceUnreachable
from resources.http import Lanes

Lookup = Callable[..., list[tuple[Any, ...]]]


def resolving(*addresses: str) -> Lookup:
    """A resolver that says these addresses for every name."""
    return lambda *question, **options: [(0, 0, 0, "", (address, 0)) for address in addresses]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "0x7f.1",
        "2130706433",
        "017700000001",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
    ],
)
def test_no_way_to_write_it_reaches_this_machine_without_the_switch(host, fault_server, client_of):
    server = fault_server()
    client = client_of(f"https://{host}:{server.port}", loopback=False)
    with pytest.raises(SourceUnreachable, match=r"leads to an? (loopback|unspecified) address"):
        client.post("/item")
    assert server.connections == 0


@pytest.mark.parametrize(
    "addresses",
    [
        ("10.1.2.3",),
        ("169.254.169.254",),
        ("100.64.0.1",),
        ("fd00::1",),
        ("64:ff9b::7f00:1",),
        ("8.8.8.8", "127.0.0.1"),
        ("127.0.0.1", "192.168.0.1"),
    ],
)
@pytest.mark.parametrize("loopback", [True, False])
def test_a_name_with_one_address_in_a_private_network_is_not_called(
    addresses, loopback, fault_server, client_of, clock
):
    server = fault_server()
    lanes = Lanes(now=clock.now, sleep=clock.sleep, lookup=resolving(*addresses))
    scheme = "http" if loopback else "https"
    client = client_of(f"{scheme}://site.example:{server.port}", of=lanes, loopback=loopback)
    with pytest.raises(SourceUnreachable, match="where no call may go"):
        client.get("/item")
    assert server.connections == 0


def test_the_checked_address_is_called_and_the_name_not_asked_again(
    fault_server, client_of, clock, monkeypatch
):
    """A name may point elsewhere the second time it is asked (DNS rebinding)."""
    answers = iter(["127.0.0.1", "10.0.0.1"])
    server = fault_server()

    def lookup(*question: object, **options: object) -> list[tuple[Any, ...]]:
        return [(0, 0, 0, "", (next(answers), 0))]

    asked = []
    resolve = socket.getaddrinfo

    def resolved(host: Any, *question: Any, **options: Any) -> Any:
        asked.append(host)
        return resolve(host, *question, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    lanes = Lanes(now=clock.now, sleep=clock.sleep, lookup=lookup)
    client = client_of(f"http://site.example:{server.port}", of=lanes)
    assert client.get("/item").status_code == 200
    assert server.arrived[0].headers["host"] == f"site.example:{server.port}"
    assert set(asked) <= {"127.0.0.1"}
    assert next(answers) == "10.0.0.1"


def test_an_address_that_does_not_answer_gives_way_to_the_next(fault_server, client_of, clock):
    server = fault_server()
    lanes = Lanes(now=clock.now, sleep=clock.sleep, lookup=resolving("127.0.0.9", "127.0.0.1"))
    client = client_of(f"http://site.example:{server.port}", of=lanes)
    assert client.get("/item").status_code == 200


def test_an_address_that_swallows_packets_leaves_time_for_the_next(fault_server, client_of, clock):
    server = fault_server()
    lanes = Lanes(now=clock.now, sleep=clock.sleep, lookup=resolving("127.0.0.9", "127.0.0.1"))
    with ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.9", server.port))
        full.listen(0)
        for _ in range(3):  # what comes after these waits for an answer to its SYN
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        client = client_of(f"http://site.example:{server.port}", of=lanes)
        answer = client.get("/item", extensions={"deadline_s": 0.6})
    assert answer.status_code == 200


def test_a_name_that_does_not_exist_is_a_definite_refusal(client_of):
    with pytest.raises(SourceUnreachable, match="its name has no address"):
        client_of("https://does-not-exist.invalid").post("/item")


def test_a_name_too_long_to_be_asked_for_is_a_definite_refusal(client_of):
    with pytest.raises(SourceUnreachable, match="its name has no address"):
        client_of(f"https://{'a' * 70}.example").post("/item")


def test_plain_http_never_leaves_this_machine(client_of, clock):
    with pytest.raises(SourceUnreachable, match="only https"):
        client_of("http://site.example", loopback=False).get("/item")
    lanes = Lanes(now=clock.now, sleep=clock.sleep, lookup=resolving("8.8.8.8"))
    with pytest.raises(SourceUnreachable, match="public address"):
        client_of("http://site.example", of=lanes).get("/item")


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:{port}/item",
        "http://127.0.0.1:1/item",
        "https://127.0.0.1:{port}/item",
        "http://evil.example/item",
        "http://ada:pass@127.0.0.1:{port}/item",
    ],
)
def test_a_request_to_another_place_than_the_clients_is_never_sent(url, fault_server, client_of):
    server = fault_server()
    client = client_of(server.url, headers={"Authorization": "Bearer s3cret"})
    with pytest.raises(SourceUnreachable, match=r"another host|carries credentials"):
        client.get(url.format(port=server.port))
    assert server.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("follow", [True, False])
def test_a_redirect_is_not_followed_and_only_the_other_host_is_named(
    status, follow, fault_server, client_of
):
    other = fault_server()
    location = f"http://ada:s3cret@127.0.0.1:{other.port}/login?token=s3cret"
    server = fault_server(lambda *request: (status, {"Location": location}, b""))
    client = client_of(server.url, headers={"Authorization": "Bearer s3cret"})
    with pytest.raises(SourceUnreachable, match=r"redirects to 127\.0\.0\.1") as raised:
        client.get("/item", follow_redirects=follow)
    assert "s3cret" not in str(raised.value)
    assert other.connections == 0
    assert len(server.arrived) == 1


def test_a_write_that_is_answered_by_see_other_may_have_been_done(fault_server, client_of):
    server = fault_server(lambda *request: (303, {"Location": "/done"}, b""))
    with pytest.raises(OutcomeUnknown, match=r"another path of 127\.0\.0\.1"):
        client_of(server.url).post("/item")


def test_redirects_do_not_open_the_breaker(fault_server, client_of, lanes):
    server = fault_server(lambda *request: (302, {"Location": "/login"}, b""))
    for _ in range(8):
        with pytest.raises(SourceUnreachable, match="redirects"):
            client_of(server.url).get("/item")
    assert lanes.state("acme", "jira").breaker == "closed"


def test_proxies_and_netrc_of_the_environment_are_not_asked(
    fault_server, client_of, monkeypatch, tmp_path
):
    proxy, server = fault_server(), fault_server()
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ada password from-netrc\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert client_of(server.url).get("/item").status_code == 200
    assert proxy.connections == 0
    assert "authorization" not in server.arrived[0].headers


def test_cookies_are_not_kept(fault_server, client_of):
    server = fault_server(lambda *request: (200, {"Set-Cookie": "session=one"}, b"{}"))
    client = client_of(server.url)
    for _ in range(2):
        client.get("/item")
    assert "cookie" not in server.arrived[1].headers


needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None,
    reason="the certificates are made by openssl: install it (.ci/run does)",
)
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate authority, and what it signed: good, expired and another's."""
    folder = tmp_path_factory.mktemp("certificates")
    openssl(
        *("req", "-x509", *NEW_KEY, "-days", "2", "-subj", "/CN=Orch test authority"),
        *("-keyout", folder / "ca.key", "-out", folder / "ca.pem"),
    )
    for name, days, host in (
        ("good", "2", "IP:127.0.0.1,DNS:localhost"),
        ("expired", "-1", "IP:127.0.0.1"),
        ("another", "2", "DNS:another.example"),
    ):
        openssl(
            *("req", "-new", *NEW_KEY, "-subj", "/CN=host", "-addext", f"subjectAltName={host}"),
            *("-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr"),
        )
        openssl(
            *("x509", "-req", "-in", folder / f"{name}.csr", "-days", days),
            *("-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-CAcreateserial"),
            *("-copy_extensions", "copy", "-out", folder / f"{name}.pem"),
        )
    openssl(
        *("req", "-x509", *NEW_KEY, "-days", "2", "-subj", "/CN=host"),
        *("-addext", "subjectAltName=IP:127.0.0.1"),
        *("-keyout", folder / "self.key", "-out", folder / "self.pem"),
    )
    return folder


@pytest.fixture
def tls_host(authority: Path) -> Iterator[Callable[[str], str]]:
    """Starts https hosts with a certificate of that name; `requests` are counted in the class."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: object) -> None:
            pass

        def do_POST(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *arguments: object) -> None:
            pass  # the client hangs up on a certificate it does not trust

    with ExitStack() as stack:

        def start(name: str) -> str:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(authority / f"{name}.pem", authority / f"{name}.key")
            server = stack.enter_context(Quiet(("127.0.0.1", 0), Handler))
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
            thread = threading.Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return f"https://127.0.0.1:{server.server_port}"

        yield start


@needs_openssl
def test_a_certificate_of_a_trusted_authority_opens_the_way(authority, tls_host, client_of, clock):
    lanes = Lanes(now=clock.now, sleep=clock.sleep, ca_file=authority / "ca.pem")
    client = client_of(tls_host("good"), of=lanes)
    assert client.get("/item").status_code == 200
    assert client.post("/item").status_code == 200


@needs_openssl
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("self", "is signed by itself"),
        ("expired", "has expired"),
        ("another", "is for another host"),
    ],
)
def test_a_bad_certificate_is_a_definite_refusal_that_says_what_is_bad(
    name, words, authority, tls_host, client_of, clock
):
    lanes = Lanes(now=clock.now, sleep=clock.sleep, ca_file=authority / "ca.pem")
    with pytest.raises(SourceUnreachable, match=f"the host's certificate {words}"):
        client_of(tls_host(name), of=lanes).post("/item")


@needs_openssl
def test_an_authority_nobody_named_is_not_trusted(tls_host, client_of):
    with pytest.raises(SourceUnreachable, match="an authority nobody here knows") as raised:
        client_of(tls_host("good")).post("/item")
    assert "SSL_CERT_FILE" in raised.value.hint


@pytest.mark.parametrize("fault", ["tls_garbage", "close_on_accept", "reset_on_accept"])
def test_a_host_that_speaks_no_tls_was_never_told_anything(fault, fault_server, client_of):
    server = fault_server()
    server.plan(fault)
    with pytest.raises(SourceUnreachable, match="TLS handshake"):
        client_of(server.url.replace("http:", "https:")).post("/item")


def test_a_handshake_that_never_ends_does_not_stretch_the_deadline(client_of):
    """A byte of a TLS record at a time: each read is quick, the handshake is not."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                for byte in b"\x16\x03\x03\x10\x00" + bytes(400):
                    try:
                        connection.send(bytes([byte]))
                    except OSError:
                        return
                    if over.wait(0.01):
                        return

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(SourceUnreachable, match="does not complete the TLS handshake"):
            client_of(url).post("/item", extensions={"deadline_s": 0.3})
        over.set()
        thread.join()
