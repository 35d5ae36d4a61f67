"""Many repositories are asked at once; a sick one costs only itself."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from coordinator.settings import CompanySettings, GitSettings
from resources import polling
from resources.companies import Companies
from resources.ledger import Ledger
from resources.polling import WORKERS, poll_heads


@pytest.fixture
def companies(tmp_path: Path) -> Iterator[Companies]:
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        yield Companies(tmp_path / "instances", ledger)


@pytest.fixture
def create(companies: Companies) -> Callable[..., None]:
    def one(name: str, url: Path | str) -> None:
        git = GitSettings(url=str(url), protocols=("file", "https"))
        companies.create(CompanySettings(name=name, git=git))

    return one


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a host that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        taken: list[socket.socket] = []
        stop = threading.Event()

        def take() -> None:
            server.settimeout(0.05)
            while not stop.is_set():
                try:
                    taken.append(server.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=take)
        thread.start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}/shop.git"
        stop.set()
        thread.join()
        for connection in taken:
            connection.close()


def test_each_company_has_the_head_of_its_repository_in_the_order_asked(
    companies: Companies, create: Any, source: Any
) -> None:
    head = source.commit({b"a": b"a"})
    for name in ("cc", "aa", "bb"):
        create(name, source.path)
    polls = poll_heads(companies, ["cc", "aa", "bb"])
    assert [(poll.company, poll.head, poll.error) for poll in polls] == [
        (name, head, "") for name in ("cc", "aa", "bb")
    ]


def test_an_empty_repository_has_an_empty_head_and_an_unreadable_one_none(
    companies: Companies, create: Any, tmp_path: Path, plain_git: Callable[..., bytes]
) -> None:
    plain_git("init", "-q", "--bare", tmp_path / "empty.git")
    create("empty", tmp_path / "empty.git")
    create("gone", tmp_path / "gone.git")
    empty, gone = poll_heads(companies, ["empty", "gone"])
    assert (empty.head, empty.error) == ("", "")
    assert gone.head is None
    assert gone.error


def test_no_kind_of_sick_company_stops_the_others(
    companies: Companies,
    create: Any,
    source: Any,
    tmp_path: Path,
    silent: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(polling, "POLL_TIMEOUT_S", 1.0)
    head = source.commit({b"a": b"a"})
    sick = ["broken", "folder", "gone", "huge", "missing", "nobody", "silent", "NO SLUG"]
    create("well", source.path)
    create("zz-well", source.path)
    create("missing", tmp_path / "missing.git")
    create("silent", silent)
    for name in ("broken", "folder", "gone", "huge"):
        create(name, source.path)
    companies.instance("broken").settings_file.write_bytes(b"name: \xff")
    settings = companies.instance("folder").settings_file
    settings.unlink()
    settings.mkdir()
    shutil.rmtree(companies.instance("gone").folder)
    with companies.instance("huge").settings_file.open("wb") as file:
        file.truncate(1 << 40)

    polls = poll_heads(companies, ["well", *sick, "zz-well"])

    assert [poll.company for poll in polls] == ["well", *sick, "zz-well"]
    assert [poll.head for poll in polls] == [head, *(None for _ in sick), head]
    assert all(poll.error for poll in polls[1:-1])


def test_silent_hosts_are_waited_for_side_by_side(
    companies: Companies, create: Any, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "POLL_TIMEOUT_S", 1.0)
    names = [f"silent-{number}" for number in range(WORKERS)]
    for name in names:
        create(name, silent)
    began = time.monotonic()
    polls = poll_heads(companies, names)
    assert time.monotonic() - began < 1.0 * WORKERS / 2
    assert [poll.head for poll in polls] == [None] * WORKERS


def test_the_deadline_ends_the_sweep_before_the_first_not_asked_in_time(
    companies: Companies, create: Any, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "POLL_TIMEOUT_S", 0.5)
    monkeypatch.setattr(polling, "WORKERS", 2)
    names = [f"silent-{number:02}" for number in range(40)]
    for name in names:
        create(name, silent)
    began = time.monotonic()
    polls = poll_heads(companies, names, deadline_s=2.0)
    assert time.monotonic() - began < 6  # all of them would take 10 s
    # at least one and no hole: the next tick goes on behind the last of these
    assert 0 < len(polls) < 40
    assert [poll.company for poll in polls] == names[: len(polls)]


def test_a_deadline_too_near_for_one_question_asks_nobody(
    companies: Companies, create: Any, source: Any
) -> None:
    source.commit({b"a": b"a"})
    create("acme", source.path)
    assert poll_heads(companies, ["acme"], deadline_s=1.0) == []


def test_no_companies_have_no_heads(companies: Companies) -> None:
    assert poll_heads(companies, []) == []


def test_a_credential_never_stands_in_what_is_said(
    companies: Companies, create: Any, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "POLL_TIMEOUT_S", 0.5)
    monkeypatch.setenv("ACME_TOKEN", "hunter2-hunter2")
    git = GitSettings(url=silent, token_env="ACME_TOKEN")
    companies.create(CompanySettings(name="acme", git=git))
    (poll,) = poll_heads(companies, ["acme"])
    assert poll.head is None
    assert "hunter2" not in poll.error
