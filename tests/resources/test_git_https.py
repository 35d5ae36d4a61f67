"""The mirror over https, against git's own server program behind a loopback TLS host."""

from __future__ import annotations

import base64
import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from coordinator.errors import GitError, GitUnauthorized, GitUnreachable

SECRET = "s3cr3t-t0ken"

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None,
    reason="the certificate of the loopback host is made by openssl: install it (.ci/run does)",
)


@dataclass
class Host:
    """A git host for one folder of repositories; `answer` overrides with a status and a header."""

    root: Path
    certificate: Path
    url: str = ""
    token: str = ""
    answer: tuple[int, str] | None = None
    seen: list[tuple[str, str]] = field(default_factory=list)


def _handler(host: Host) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

        def do_GET(self) -> None:
            self._serve(b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Transfer-Encoding") == "chunked":
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
            self._serve(body)

        def _serve(self, body: bytes) -> None:
            given = self.headers.get("Authorization", "")
            host.seen.append((self.path, given))
            if host.answer is not None:
                status, location = host.answer
                return self._short(status, {"Location": location} if location else {})
            wanted = base64.b64encode(f"x-access-token:{host.token}".encode()).decode()
            if host.token and given != f"Basic {wanted}":
                return self._short(401, {"WWW-Authenticate": 'Basic realm="git"'})
            return self._backend(body)

        def _backend(self, body: bytes) -> None:
            path, _, query = self.path.partition("?")
            done = subprocess.run(
                ["git", "http-backend"],
                input=body,
                capture_output=True,
                check=False,
                env={
                    "PATH": os.environ["PATH"],
                    "GIT_PROJECT_ROOT": str(host.root),
                    "GIT_HTTP_EXPORT_ALL": "1",
                    "GIT_CONFIG_GLOBAL": os.devnull,
                    "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                    "PATH_INFO": path,
                    "QUERY_STRING": query,
                    "REQUEST_METHOD": self.command,
                    "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                    "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                    "CONTENT_LENGTH": str(len(body)),
                },
            )
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
            status = int(headers.pop("Status", "200").split()[0])
            self._short(status, headers, content)

        def _short(self, status: int, headers: dict[str, str], content: bytes = b"") -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )
    return folder / "cert.pem"


@pytest.fixture
def host(source: Any, certificate: Path) -> Iterator[Host]:
    host = Host(source.path.parent, certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(host))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    host.url = f"https://127.0.0.1:{server.server_port}"
    yield host
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def environ(certificate: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "GIT_SSL_CAINFO": str(certificate)}


@pytest.fixture
def remote_mirror(host: Host, environ: dict[str, str], mirror_of: Any) -> Any:
    def make(path: str = "/source.git", **settings: Any) -> Any:
        return mirror_of(host.url + path, environ=environ, timeout_s=20, **settings)

    return make


def test_a_repository_is_fetched_over_https_and_then_what_is_new(source, remote_mirror):
    first = source.commit({b"a.txt": b"one"})
    mirror = remote_mirror()
    assert mirror.remote_head().sha == first
    assert mirror.fetch().head == first
    second = source.commit({b"a.txt": b"two"})
    assert mirror.fetch().previous == first
    assert mirror.commit_ids() == [first, second]
    assert mirror.reader(mirror.snapshot())("a.txt") == b"two"


def test_the_token_opens_the_door_and_is_never_an_argument(
    source, host, environ, remote_mirror, monkeypatch
):
    sha = source.commit({b"a.txt": b"one"})
    host.token = environ["ACME_TOKEN"] = SECRET
    started = []
    popen = subprocess.Popen

    def record(command, *arguments, **more):
        started.append(command)
        return popen(command, *arguments, **more)

    monkeypatch.setattr("resources.git.process.subprocess.Popen", record)
    mirror = remote_mirror(token_env="ACME_TOKEN")
    assert mirror.fetch().head == sha
    coded = base64.b64encode(f"x-access-token:{SECRET}".encode()).decode()
    assert any(coded in given for _, given in host.seen)
    assert any("fetch" in command for command in started)
    assert SECRET not in str(started)
    assert coded not in str(started)
    left = [p for p in mirror.path.rglob("*") if p.is_file()]
    assert not [p for p in left if SECRET.encode() in p.read_bytes()]
    assert not [p for p in left if coded.encode() in p.read_bytes()]


@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_missing_or_wrong_token_is_unauthorized(source, host, environ, remote_mirror, token):
    source.commit({b"a.txt": b"one"})
    host.token = SECRET
    settings = {}
    if token:
        environ["ACME_TOKEN"] = "wr0ng-t0ken"
        settings["token_env"] = "ACME_TOKEN"
    with pytest.raises(GitUnauthorized, match="refused the credentials") as raised:
        remote_mirror(**settings).fetch()
    assert "wr0ng" not in str(raised.value)
    assert "token_env" in raised.value.hint


def test_an_unset_token_variable_is_named_before_anybody_is_asked(host, remote_mirror):
    with pytest.raises(GitUnauthorized, match="ACME_TOKEN"):
        remote_mirror(token_env="ACME_TOKEN").fetch()
    assert host.seen == []


def test_a_user_and_password_are_given_as_they_stand(source, host, environ, remote_mirror):
    source.commit({b"a.txt": b"one"})
    environ["ACME_TOKEN"] = "ada:pass"
    remote_mirror(token_env="ACME_TOKEN").fetch()
    assert host.seen[-1][1] == "Basic " + base64.b64encode(b"ada:pass").decode()


def test_a_redirect_is_not_followed_and_the_token_stays(
    source, host, environ, remote_mirror, certificate
):
    source.commit({b"a.txt": b"one"})
    environ["ACME_TOKEN"] = SECRET
    host.answer = (301, host.url + "/elsewhere.git/info/refs?service=git-upload-pack")
    with pytest.raises(GitError, match="has moved"):
        remote_mirror(token_env="ACME_TOKEN").fetch()
    assert [path for path, _ in host.seen if path.startswith("/elsewhere")] == []


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, GitUnauthorized, "refused the credentials"),
        (403, GitUnauthorized, "refused the credentials"),
        (404, GitUnreachable, "no repository at"),
        (429, GitUnreachable, "does not answer"),
        (500, GitUnreachable, "does not answer"),
        (503, GitUnreachable, "does not answer"),
    ],
)
def test_an_answer_of_the_host_becomes_our_error(host, remote_mirror, status, error, words):
    host.answer = (status, "")
    with pytest.raises(error, match=words):
        remote_mirror("/access-denied-certificate.git").fetch()


def test_a_host_with_an_unknown_certificate_is_not_believed(source, host, environ, remote_mirror):
    source.commit({b"a.txt": b"one"})
    del environ["GIT_SSL_CAINFO"]
    with pytest.raises(GitUnreachable, match="certificate"):
        remote_mirror().fetch()
    assert host.seen == []


def test_a_port_nobody_listens_on_is_unreachable(mirror_of, environ):
    with pytest.raises(GitUnreachable, match="does not answer"):
        mirror_of("https://127.0.0.1:1/repo.git", environ=environ).fetch()


def test_proxies_of_the_environment_are_not_asked(source, environ, remote_mirror, monkeypatch):
    sha = source.commit({b"a.txt": b"one"})
    for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy", "GIT_PROXY_COMMAND"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
        environ[name] = "http://127.0.0.1:1"
    assert remote_mirror().fetch().head == sha


def test_a_netrc_of_the_user_is_not_read(source, host, tmp_path, environ, remote_mirror):
    source.commit({b"a.txt": b"one"})
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ada password from-netrc\n")
    environ["HOME"] = str(tmp_path)
    host.token = SECRET
    with pytest.raises(GitUnauthorized):
        remote_mirror().fetch()
    assert all(given == "" for _, given in host.seen)


def test_a_remote_repository_that_lacks_objects_is_refused_in_words(source, remote_mirror):
    source.commit({b"a.txt": b"one", b"b.txt": b"two"})
    lost = source.git("rev-parse", "main:a.txt")
    (source.path / "objects" / lost[:2] / lost[2:]).unlink()
    with pytest.raises(GitError, match="does not hold all objects"):
        remote_mirror().fetch()


def test_an_ssh_host_that_is_not_there_is_unreachable_and_asks_nobody(mirror_of):
    if shutil.which("ssh") is None:
        pytest.skip("needs ssh")
    with pytest.raises(GitUnreachable, match="does not answer"):
        mirror_of("ssh://git@127.0.0.1:1/repo.git", timeout_s=20).fetch()
