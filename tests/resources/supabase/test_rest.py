"""The REST interface: which key goes where, what each call says it does, what refusals mean."""

from __future__ import annotations

import logging
import time
import traceback
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from coordinator.errors import (
    SourceAbsent,
    SourceBusy,
    SourceLimit,
    SourceMisbehaved,
    SourceRefused,
    SourceUnauthorized,
    SourceUnreachable,
)
from coordinator.settings.sources import SupabaseTarget
from resources.http import Lanes
from resources.supabase import open_supabase

A = "empresa-a"
SECRET_KEY = "sb_secret_Zm9yIHRoZSB0ZXN0cyBhbG9uZQ_x1"
DAY = 86_400


def row(**given: Any) -> dict[str, Any]:
    return {
        "company": A, "id": "o1", "title": "", "content": "x", "category": "need", "language": "",
        "author": "", "source": "commit", "written_by": "orchestrator", "metadata": {},
        "row_hash": "h", "embedding": None, "embedding_model": "", "deleted_at": None,
        "created_at": "2026-01-01T00:00:00+00:00",
    } | given  # fmt: skip


def test_a_secret_key_goes_into_its_own_header_and_never_into_a_bearer(unchanged_project):
    table = unchanged_project.open("rest", A)
    table.stored()
    assert unchanged_project.gateway.seen
    for request in unchanged_project.gateway.seen:
        assert request.headers["apikey"] == SECRET_KEY
        assert "Authorization" not in request.headers


def test_a_legacy_token_goes_into_both(unchanged_project, sign):
    key = sign("service_role", exp=int(time.time()) + DAY)
    unchanged_project.open("rest", A, key=key).stored()
    for request in unchanged_project.gateway.seen:
        assert request.headers["apikey"] == key
        assert request.headers["Authorization"] == f"Bearer {key}"


def test_every_call_says_what_it_does(project):
    table = project.open("rest", A)
    table.now()
    list(table.changed_since(None))
    table.upsert([row()])
    table.retract(["o1"])
    told = {
        (request.method, "/rpc/" in request.url.path): request.extensions["effect"]
        for request in project.gateway.seen
    }
    assert told == {
        ("POST", True): "read",
        ("GET", False): "read",
        ("POST", False): "idempotent",
        ("PATCH", False): "idempotent",
    }


def test_nothing_is_repeated_but_by_the_lane(unchanged_project):
    table = unchanged_project.open("rest", A)
    unchanged_project.gateway.before = lambda request: httpx.Response(503)
    with pytest.raises(SourceUnreachable):
        list(table.changed_since(None))
    assert len(unchanged_project.gateway.seen) == 1


def checked(table: Any) -> dict[str, str]:
    """What a check found amiss, by what was looked at."""
    return {one.what: one.said + " | " + one.hint for one in table.check() if one.level != "ok"}


def test_all_is_well(unchanged_project):
    assert (
        checked(unchanged_project.open("rest", A)) == checked(unchanged_project.open("rest")) == {}
    )


@pytest.mark.parametrize(
    ("claims", "level", "said"),
    [
        ({"exp": 10 * DAY}, "warning", "ends on"),
        ({"exp": 400 * DAY}, "warning", "legacy"),
        ({}, "warning", "legacy"),
        ({"exp": -DAY}, "failure", "ended on"),
    ],
)
def test_a_tokens_last_day_is_told(unchanged_project, sign, claims, level, said):
    given = {name: int(time.time()) + seconds for name, seconds in claims.items()}
    found = unchanged_project.open("rest", A, key=sign("service_role", **given)).check()
    assert found[0].level == level
    assert said in found[0].said


def test_an_expired_token_is_refused_with_what_to_do(unchanged_project, sign):
    table = unchanged_project.open("rest", A, key=sign("service_role", exp=int(time.time()) - DAY))
    with pytest.raises(SourceUnauthorized, match="token has ended") as refused:
        table.stored()
    assert "sb_secret_" in refused.value.hint
    assert "ended on" in checked(table)["key"]
    assert "token has ended" in checked(table)["access"]


@pytest.mark.parametrize(
    "key",
    ["sb_secret_wrong", "sb_publishable_x", "nonsense", "a.b.c"],
)
def test_a_wrong_key_is_refused(unchanged_project, key):
    table = unchanged_project.open("rest", A, key=key)
    for ask in (lambda: list(table.changed_since(None)), lambda: table.upsert([row()])):
        with pytest.raises(SourceUnauthorized, match="key was refused"):
            ask()
    assert "access" in checked(table)


def test_a_token_of_another_project_is_refused(unchanged_project, sign):
    table = unchanged_project.open("rest", A, key=sign("service_role", secret="x" * 40))
    with pytest.raises(SourceUnauthorized, match="key was refused"):
        table.stored()


def test_a_lesser_key_is_told_as_such(unchanged_project, sign):
    table = unchanged_project.open("rest", A, key=sign("anon"))
    assert "a key of anon" in checked(table)["key"]
    assert "may not do that" in checked(table)["access"]
    with pytest.raises(SourceUnauthorized):
        table.upsert([row()])


def test_no_secret_shows_anywhere(unchanged_project, caplog, sign):
    caplog.set_level(logging.DEBUG)
    for key in ("sb_secret_hunter2hunter2", sign("service_role", secret="hunter2" * 6)):
        table = unchanged_project.open("rest", A, key=key)
        with pytest.raises(SourceUnauthorized) as refused:
            table.stored()
        told = "".join(traceback.format_exception(refused.value)) + caplog.text
        told += repr(table) + repr(table.check()) + repr(vars(table._project))
        told += repr(table._project._session._client.auth) + repr(table._project._key)
        assert key not in told
        assert "hunter2" not in told


@pytest.mark.parametrize("company", [A, None])
def test_a_project_without_the_migrations_says_to_run_them(projects, company):
    with projects.lent("supabase_empty") as fresh:
        table = fresh.open("rest", company)
        folder = "deploy/supabase/company" if company else "deploy/supabase/global"
        for ask in (table.stored, lambda: list(table.changed_since(None)), table.now):
            with pytest.raises(SourceAbsent, match="are not there") as absent:
                ask()
            assert folder in absent.value.hint
        assert folder in checked(table)["access"]


def test_a_missing_table_is_told_by_its_name(project):
    table = project.open("rest", A)
    project.sql("DROP TABLE orchestrator_memories")
    with pytest.raises(SourceAbsent, match="orchestrator_memories or its functions"):
        list(table.changed_since(None))
    assert "there is no table orchestrator_memories" in checked(table)["table"]


def test_a_missing_column_is_told(project):
    table = project.open("rest", A)
    project.sql(
        "ALTER TABLE orchestrator_memories DROP COLUMN author, DROP COLUMN embedding, "
        "ADD COLUMN embedding text"
    )
    with pytest.raises(SourceMisbehaved, match="other columns"):
        list(table.changed_since(None))
    with pytest.raises(SourceMisbehaved, match="other columns"):
        table.upsert([row()])
    assert "another type: author, embedding" in checked(table)["columns"]


def test_missing_guards_are_told(project):
    table = project.open("rest", A)
    project.sql(
        "ALTER TABLE orchestrator_memories NO FORCE ROW LEVEL SECURITY, "
        "DISABLE TRIGGER orchestrator_memories_written"
    )
    project.sql("UPDATE pg_extension SET extversion = '0.7.4' WHERE extname = 'vector'")
    assert checked(table).keys() == {"policies", "trigger", "pgvector"}


def test_a_schema_that_is_not_exposed_is_told(unchanged_project):
    table = unchanged_project.open("rest", A, schema="private")
    with pytest.raises(SourceAbsent, match="not exposed") as absent:
        table.stored()
    assert "Data API" in absent.value.hint


ANSWERS = {
    "a paused project": (httpx.Response(540), SourceUnreachable, "paused"),
    "too many calls": (httpx.Response(429), SourceBusy, "too many"),
    "no connection left": (
        httpx.Response(504, json={"code": "PGRST003", "message": "x"}), SourceBusy, "connection",
    ),
    "a timeout": (
        httpx.Response(500, json={"code": "57014", "message": "x"}), SourceLimit, "timeout_s",
    ),
    "a proxy's own page": (
        httpx.Response(502, html="<h1>private words</h1>"), SourceUnreachable, "does not work",
    ),
    "a web site": (httpx.Response(200, html="private words"), SourceMisbehaved, "PostgREST"),
    "another interface": (httpx.Response(200, json={"data": []}), SourceMisbehaved, "PostgREST"),
    "a list of something": (httpx.Response(200, json=[1]), SourceMisbehaved, "PostgREST"),
    "no such address": (httpx.Response(404, text="private words"), SourceAbsent, "no PostgREST"),
    "a question too long": (httpx.Response(414), SourceLimit, "too long"),
    "a refusal of the row": (
        httpx.Response(400, json={"code": "23514", "message": "x", "details": "private words"}),
        SourceRefused,
        "23514",
    ),
    "a code that is none": (
        httpx.Response(400, json={"code": "private words", "message": ["x"]}),
        SourceRefused,
        "status 400",
    ),
    "a code of another kind": (httpx.Response(400, json={"code": 7}), SourceRefused, "status 400"),
    "a body of another kind": (httpx.Response(418, json=[1]), SourceRefused, "status 418"),
}  # fmt: skip


@pytest.mark.parametrize("case", ANSWERS)
def test_what_an_answer_means_is_said_in_our_words(unchanged_project, case):
    answer, error, words = ANSWERS[case]
    unchanged_project.gateway.before = lambda request: answer
    with pytest.raises(error, match=words) as told:
        unchanged_project.open("rest", A).by_ids(["m1"])
    assert "private words" not in "".join(traceback.format_exception(told.value))


@pytest.mark.parametrize("answer", ["yesterday", 5, None, [], {"now": 1}])
def test_a_clock_that_tells_no_time_is_told(unchanged_project, answer):
    unchanged_project.gateway.before = lambda request: httpx.Response(200, json=answer)
    with pytest.raises(SourceMisbehaved, match="no time"):
        unchanged_project.open("rest", A).now()


@pytest.mark.parametrize("answer", [None, "x", {"tables": {"orchestrator_memories": 1}}])
def test_a_check_of_something_else_is_a_finding_and_no_error(unchanged_project, answer):
    unchanged_project.gateway.before = lambda request: httpx.Response(200, json=answer)
    assert "schema" in checked(unchanged_project.open("rest", A))


def test_a_walk_that_does_not_move_on_is_ended(unchanged_project):
    page = [{"id": "m1", "updated_at": "2026-01-01T00:00:00+00:00"}]
    unchanged_project.gateway.before = lambda request: httpx.Response(200, json=page)
    with pytest.raises(SourceMisbehaved, match="without an end"):
        list(unchanged_project.open("rest", A).changed_since(None))


def test_a_host_that_does_not_answer_is_unreachable():
    target = SupabaseTarget(url="http://127.0.0.1:9", key_env="KEY", loopback=True)
    table = open_supabase(target, client=httpx.Client, environ={"KEY": SECRET_KEY}, company=A)
    with table, pytest.raises(SourceUnreachable, match="ConnectError"):
        table.now()


@pytest.mark.parametrize("value", ["", "  \n", "sb_secret_é", "sb_secret_a\nb", "sb_secret_\x00"])
def test_an_environment_without_a_key_is_told_before_anything_is_asked(value):
    target = SupabaseTarget(url="https://x.supabase.co", key_env="ACME_KEY")
    with pytest.raises(SourceUnauthorized, match="ACME_KEY") as refused:
        open_supabase(target, client=httpx.Client, environ={"ACME_KEY": value}, company=A)
    assert value.strip() == "" or value.strip() not in str(refused.value)


@contextmanager
def served(gateway: httpx.BaseTransport, behind: str) -> Any:
    """The gateway as a server of its own on this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = [(k, v) for k, v in self.headers.items() if k.lower() != "host"]
            url = behind + self.path
            asked = httpx.Request(self.command, url, headers=headers, content=content)
            answer = gateway.handle_request(asked)
            body = answer.read()
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers.get("Content-Type", "text/plain"))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PATCH = do_GET

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_through_the_lanes_of_the_product(project):
    with served(project.gateway, project.api) as url:
        target = SupabaseTarget(url=url, key_env="KEY", loopback=True, requests_per_second=100)
        client = partial(Lanes().client, A, "supabase", target)
        with open_supabase(target, client=client, environ={"KEY": SECRET_KEY}, company=A) as table:
            project.remember(A, "m1")
            assert {one.level for one in table.check()} == {"ok"}
            assert list(table.ids()) == ["m1"]
            assert table.upsert([row()]) == 1
            assert table.upsert([row()]) == 0
            assert table.stored() == {"o1": "h"}
            assert table.retract(["o1"]) == 1
            assert SECRET_KEY not in repr(table._project._session._client.headers)
