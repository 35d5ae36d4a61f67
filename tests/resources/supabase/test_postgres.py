"""The database itself: where a connection may lead, as whom it works, and what its errors mean."""

from __future__ import annotations

import logging
import socket
import traceback
from contextlib import closing
from threading import Thread
from typing import Any

import httpx
import psycopg2
import pytest

from coordinator.errors import (
    SourceAbsent,
    SourceBusy,
    SourceError,
    SourceLimit,
    SourceMisbehaved,
    SourceUnauthorized,
    SourceUnreachable,
)
from coordinator.settings.sources import SupabaseSettings, SupabaseTarget
from resources.supabase import open_supabase
from resources.supabase.address import DatabaseAddress

A = "empresa-a"
PUBLIC = "203.0.113.7"
SECRET = "hunter2"


def address(url: str, *, loopback: bool = False) -> DatabaseAddress:
    return DatabaseAddress(url, "ACME_DATABASE_URL", timeout_s=30, loopback=loopback)


@pytest.fixture
def names(monkeypatch):
    """Where names lead: to a public address unless said otherwise."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def lookup(host, port, *rest, **given):
        found = known.get(host, [PUBLIC])
        return [one for at in found for one in real(at, port, type=socket.SOCK_STREAM)]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return known


@pytest.mark.parametrize(
    ("asked", "mode"),
    [
        ("", "require"),
        ("?sslmode=disable", "require"),
        ("?sslmode=allow", "require"),
        ("?sslmode=prefer", "require"),
        ("?sslmode=require", "require"),
        ("?sslmode=verify-full&sslrootcert=/ca.pem", "verify-full"),
        ("?sslmode=verify-ca", "verify-ca"),
    ],
)
def test_a_connection_to_another_machine_is_encrypted_whatever_the_url_says(names, asked, mode):
    for loopback in (False, True):
        made = address(f"postgresql://u:p@db.example.org/x{asked}", loopback=loopback).arguments()
        assert made["sslmode"] == mode
        assert (made["host"], made["hostaddr"]) == ("db.example.org", PUBLIC)
    assert made.get("sslrootcert") == ("/ca.pem" if "rootcert" in asked else None)


LOCAL = [
    "localhost", "127.0.0.1", "127.1", "2130706433", "0", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]",
]  # fmt: skip


@pytest.mark.parametrize("host", LOCAL)
def test_this_machine_takes_an_explicit_switch_under_whatever_name(host):
    url = f"postgresql://u:p@{host}:5432/x"
    with pytest.raises(SourceUnreachable, match="is this machine") as refused:
        address(url).arguments()
    assert "loopback: true" in refused.value.hint
    assert "sslmode" not in address(url, loopback=True).arguments()


@pytest.mark.parametrize("url", ["postgresql://u:p@/x?host=/run/postgresql", "postgresql:///x"])
def test_a_socket_is_this_machine_too(url):
    with pytest.raises(SourceUnreachable, match="is this machine"):
        address(url).arguments()
    assert address(url, loopback=True).arguments()["dbname"] == "x"


def test_a_name_that_leads_to_this_machine_is_this_machine(names):
    names["db.example.org"] = [PUBLIC, "127.0.0.1"]
    with pytest.raises(SourceUnreachable, match="is this machine"):
        address("postgresql://u:p@db.example.org/x").arguments()


def test_the_connection_goes_to_what_was_looked_at_and_nowhere_else(names):
    names["db.example.org"] = [PUBLIC, "203.0.113.8"]
    made = address("postgresql://u:p@db.example.org/x").arguments()
    assert made["host"] == "db.example.org,db.example.org"
    assert made["hostaddr"] == f"{PUBLIC},203.0.113.8"


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://u:{SECRET}@db.example.org/x",
        f"https://u:{SECRET}@db.example.org/x",
        f"u:{SECRET}@db.example.org",
        f"postgresql://u:{SECRET}@db.example.org:port/x",
        f"postgresql://u:{SECRET}@[::1/x",
        f"postgresql://u:{SECRET}@db.example.org/x?hostaddr=127.0.0.1",
        f"postgresql://u:{SECRET}@db.example.org/x?service={SECRET}",
        f"postgresql://u:{SECRET}@db.example.org/x?passfile=/etc/{SECRET}",
        f"postgresql://u:{SECRET}@db.example.org/x?host=127.0.0.1",
        f"postgresql://u:{SECRET}@/x?host=db.example.org&host=127.0.0.1",
        f"postgresql://u:p@db.example.org/x?{SECRET}=1",
    ],
)
def test_a_url_that_leads_elsewhere_or_nowhere_is_refused_without_repeating_it(url):
    with pytest.raises(SourceUnreachable, match="ACME_DATABASE_URL") as refused:
        address(url)
    assert SECRET not in "".join(traceback.format_exception(refused.value))


def test_a_host_nobody_knows_is_told(monkeypatch):
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(SourceUnreachable, match="no such host"):
        address("postgresql://u:p@db.example.org/x").connect()


def test_a_server_that_offers_no_encryption_is_refused():
    """It answers the first question of a connection, whether it speaks TLS, with no."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        asked = []

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                asked.append(connection.recv(8))
                connection.sendall(b"N")
                asked.append(connection.recv(1_000))

        thread = Thread(target=answer)
        thread.start()
        port = server.getsockname()[1]
        url = f"postgresql://u:{SECRET}@127.0.0.1:{port}/x?sslmode=require"
        with pytest.raises(SourceUnreachable, match="no encrypted connection"):
            address(url, loopback=True).connect()
        thread.join()
    assert asked == [bytes([0, 0, 0, 8, 4, 210, 22, 47]), b""]  # and nothing in clear


def test_no_password_shows_anywhere(project, caplog):
    caplog.set_level(logging.DEBUG)
    project.environ["DATABASE_URL"] = f"postgresql://u:{SECRET}@127.0.0.1:1/x"
    table = project.open("postgres", A)
    with pytest.raises(SourceUnreachable) as refused:
        table.now()
    told = "".join(traceback.format_exception(refused.value)) + caplog.text
    told += repr(table) + repr(table.check()) + repr(vars(table._project))
    assert SECRET not in told


def test_a_login_needs_no_right_but_to_act_as_the_service(project):
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        project.sql("SELECT * FROM orchestrator_memories", user="coordinator")
    table = project.open("postgres", A)
    project.remember(A, "m1")
    assert list(table.ids()) == ["m1"]
    assert {one.level for one in table.check()} == {"ok"}


def test_a_login_that_may_not_act_as_the_service_is_told_how(project):
    project.environ["DATABASE_URL"] = project.uri("project_owner")
    table = project.open("postgres", A)
    for ask in (table.now, lambda: list(table.changed_since(None)), table.stored):
        with pytest.raises(SourceUnauthorized, match="may not act as service_role") as refused:
            ask()
        assert "grant service_role" in refused.value.hint
    assert table.check()[0].what == "access"


def test_a_database_without_the_roles_is_told(project):
    """As one that never was a Supabase project."""
    from resources.supabase import postgres

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres, "ROLE", "nobody_made_this")
        with pytest.raises(SourceUnauthorized, match="may not act as"):
            project.open("postgres", A).now()


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (("//coordinator@", "//nobody@"), SourceUnauthorized, "login was refused"),
        (("/project_", "/no_project_"), SourceAbsent, "no such database"),
    ],
)
def test_a_refused_connection_is_told(project, change, error, words):
    project.environ["DATABASE_URL"] = project.uri("coordinator").replace(*change)
    with pytest.raises(error, match=words):
        project.open("postgres", A).now()


@pytest.mark.parametrize("company", [A, None])
def test_a_database_without_the_migrations_says_to_run_them(fresh_project, company):
    table = fresh_project.open("postgres", company)
    folder = "deploy/supabase/company" if company else "deploy/supabase/global"
    for ask in (table.stored, lambda: list(table.changed_since(None)), table.now):
        with pytest.raises(SourceAbsent, match="are not there") as absent:
            ask()
        assert folder in absent.value.hint
    assert [one.level for one in table.check()] == ["failure"]


def test_a_missing_column_is_told(project):
    table = project.open("postgres", A)
    project.sql("ALTER TABLE orchestrator_memories DROP COLUMN author")
    with pytest.raises(SourceMisbehaved, match="other columns"):
        list(table.changed_since(None))
    assert "author" in next(one.said for one in table.check() if one.what == "columns")


def test_a_table_that_is_held_too_long_is_an_error_and_not_a_wait(project):
    table = project.open("postgres", A, timeout_s=0.2)
    with closing(project.connect()) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLE orchestrator_memories")
        with pytest.raises(SourceLimit, match="timeout_s"):
            list(table.ids())
        other.rollback()
    assert list(table.ids()) == []


def test_a_connection_the_server_ended_is_made_anew(project):
    table = project.open("postgres", A)
    table.now()
    project.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE usename = 'coordinator' AND datname = current_database()"
    )
    table.now()


def test_nothing_of_a_transaction_stays_with_the_connection(project):
    """A pooler hands it to somebody else."""
    table = project.open("postgres", A)
    table.now()
    with table._project._engine.connect() as connection:
        for setting, left in (("role", "none"), ("statement_timeout", "0")):
            assert connection.exec_driver_sql(f"SHOW {setting}").scalar() == left


def test_no_connection_is_left_when_it_is_closed(project):
    with project.open("postgres", A) as table:
        table.now()
    asked = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'coordinator' AND datname = %s"
    for _ in range(100):
        if project.sql(asked, [project.database]) == [(0,)]:
            return
    pytest.fail("a connection stayed")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ('FATAL:  password authentication failed for user "u"', SourceUnauthorized),
        ("FATAL: Tenant or user not found", SourceUnauthorized),
        ("fe_sendauth: no password supplied", SourceUnauthorized),
        ("FATAL:  sorry, too many clients already", SourceBusy),
        ("FATAL: MaxClientsInSessionMode: max clients reached", SourceBusy),
        ("SSL error: certificate verify failed", SourceUnreachable),
        ("connection timed out", SourceUnreachable),
    ],
)
def test_a_connection_refused_by_a_hosted_server_is_told_in_our_words(
    names, monkeypatch, words, error
):
    def refuse(**_: Any) -> None:
        raise psycopg2.OperationalError(f"{words} {SECRET}")

    monkeypatch.setattr(psycopg2, "connect", refuse)
    with pytest.raises(error) as told:
        address("postgresql://u:p@db.example.org/x").connect()
    assert SECRET not in "".join(traceback.format_exception(told.value))


def test_a_companys_project_is_never_taken_for_the_coordinators():
    settings = SupabaseSettings.model_validate({"database_url_env": "ACME_URL"})
    with pytest.raises(TypeError, match="that company"):
        open_supabase(settings, client=httpx.Client, environ={"ACME_URL": "postgresql://h/x"})


def test_a_missing_variable_is_told_by_its_name():
    target = SupabaseTarget.model_validate({"database_url_env": "ACME_URL"})
    with pytest.raises(SourceError, match="ACME_URL is not set"):
        open_supabase(target, client=httpx.Client, environ={}, company=A)
