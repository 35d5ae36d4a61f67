"""Keeping a copy in Supabase, by REST and by Postgres: the same however often and from wherever."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import traceback
from typing import Any

import numpy as np
import pandas as pd
import pytest

from coordinator.errors import SourceRefused, SourceUnreachable
from coordinator.supabase.pushing import global_rows, memory_rows
from resources.supabase import push
from resources.supabase import table as memory_table
from resources.supabase.pushing import Pushed

A = "empresa-a"
TABLE = "orchestrator_memories"
GLOBAL = "orchestrator_global_memory"
MOMENT = pd.Timestamp("2026-03-01T12:00:00.123456Z")


def learnings(count: int, *, text: str = "words") -> pd.DataFrame:
    vectors = np.random.default_rng(7).normal(size=(count, 384)).astype("float32")
    return pd.DataFrame(
        {
            "id": [f"{number:032x}" for number in range(count)],
            "title": [f"título {number}" for number in range(count)],
            "content": [f"{text} {number} '\"\\ – ação 🎉" for number in range(count)],
            "category": "solution",
            "source": "commit",
            "language": "pt",
            "evidence_commit": "c0ffee",
            "evidence_path": "src/a.py",
            "evidence_line": 3,
            "occurred_at": MOMENT,
            "substance": 0.7,
            "reason": "because",
            "vector": list(vectors),
        }
    )


def copies(count: int) -> pd.DataFrame:
    frame = learnings(count).rename(columns={"vector": "embedding", "occurred_at": "created_at"})
    return frame.assign(
        id=[f"g-{number}" for number in range(count)],
        source_instance=A,
        shared=True,
        metadata=json.dumps({"evidence": {"commit": "c0ffee", "path": "ação"}}),
        valid_from=MOMENT,
        valid_to=pd.NaT,
        superseded_by="",
    )


def rows(count: int, **given: Any) -> list[dict[str, Any]]:
    return memory_rows(learnings(count, **given), company=A, model="model-1")


@pytest.fixture(params=["rest", "postgres"])
def way(request):
    return request.param


@pytest.fixture
def table(project, way):
    return project.open(way, A)


def test_what_is_pushed_stands_there_as_it_is_here(project, table):
    assert push(table, rows(3)) == Pushed(written=3, retracted=0)
    stored = project.sql(
        "SELECT id, title, content, category, language, source, written_by, company, metadata, "
        f"created_at, embedding_model, embedding::text FROM {TABLE} ORDER BY id"
    )
    for found, wanted in zip(stored, learnings(3).to_dict("records"), strict=True):
        told = ("id", "title", "content", "category", "language", "source")
        assert found[:6] == tuple(wanted[name] for name in told)
        assert found[6:8] == ("orchestrator", A)
        assert found[8] == {"evidence": {"commit": "c0ffee", "path": "src/a.py", "line": 3}}
        assert found[9] == MOMENT.to_pydatetime()
        assert found[10] == "model-1"
        assert np.array_equal(np.array(json.loads(found[11]), "float32"), wanted["vector"])


def test_pushing_twice_changes_nothing(project, table):
    push(table, rows(250))
    before = project.versions(TABLE)
    assert len(before) == 250
    sent = len(project.gateway.seen)
    assert push(table, rows(250)) == Pushed(0, 0)
    methods = {
        request.method for request in project.gateway.seen[sent:] if "/rpc/" not in str(request.url)
    }
    assert methods <= {"GET"}
    assert table.upsert(rows(250)) == 0  # as a coordinator does that knows nothing
    assert project.versions(TABLE) == before


def test_a_push_cut_off_between_batches_is_completed_by_the_next(project, table, monkeypatch):
    project_of_table = table._project
    whole, calls = project_of_table.upsert, []

    def dies_after_two(batch):
        calls.append(len(batch))
        if len(calls) == 3:
            raise SourceUnreachable("gone")
        return whole(batch)

    monkeypatch.setattr(project_of_table, "upsert", dies_after_two)
    with pytest.raises(SourceUnreachable):
        push(table, rows(250))
    first = project.versions(TABLE)
    assert 0 < len(first) < 250
    monkeypatch.undo()
    assert push(table, rows(250)) == Pushed(250 - len(first), 0)
    last = project.versions(TABLE)
    assert len(last) == 250
    assert {id: last[id] for id in first} == first


PUSH = """
import os, sys
import httpx
from coordinator.settings.sources import SupabaseTarget
from resources.supabase import open_supabase
target = SupabaseTarget.model_validate({"database_url_env": "URL", "loopback": True})
rows = [
    {"company": "empresa-a", "id": f"m{n:04}", "title": "", "content": f"words {n}",
     "category": "need", "language": "pt", "author": "", "source": "commit",
     "written_by": "orchestrator", "metadata": {}, "row_hash": "h", "embedding": None,
     "embedding_model": "", "created_at": "2026-01-01T00:00:00+00:00", "deleted_at": None}
    for n in range(500)
]
if sys.argv[1] == "backwards":
    rows.reverse()
with open_supabase(target, client=httpx.Client, environ=os.environ, company="empresa-a") as table:
    print("ready", flush=True)
    sys.stdin.readline()
    print(sum(table.upsert(rows) for _ in range(3)))
"""


def test_two_processes_pushing_at_once_write_each_row_once(project):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PUSH, order],
            env={"URL": project.uri("coordinator"), "PYTHONPATH": ":".join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for order in ("forwards", "backwards")
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    written = [int(process.communicate()[0]) for process in processes]
    assert sum(written) == 500
    assert project.sql(f"SELECT count(*), count(DISTINCT id) FROM {TABLE}") == [(500, 500)]


def test_two_coordinators_pushing_at_once_by_rest_write_each_row_once(project):
    written = []
    tables = [project.open("rest", A) for _ in range(2)]
    threads = [
        threading.Thread(target=lambda one=one: written.append(one.upsert(rows(300))))
        for one in tables
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(written) == 300
    assert len(project.versions(TABLE)) == 300


def test_only_what_differs_is_written(project, table):
    push(table, rows(3))
    before = project.versions(TABLE)
    changed = learnings(3)
    changed.loc[1, "content"] = "other words"
    assert push(table, memory_rows(changed, company=A, model="model-1")) == Pushed(1, 0)
    after = project.versions(TABLE)
    assert [id for id in before if after[id] != before[id]] == [changed.loc[1, "id"]]


def test_another_model_writes_every_vector_anew(table):
    push(table, rows(3))
    again = learnings(3)
    again["vector"] = [-vector for vector in again["vector"]]
    assert push(table, memory_rows(again, company=A, model="model-1")) == Pushed(0, 0)
    assert push(table, memory_rows(again, company=A, model="model-2")) == Pushed(3, 0)


def test_a_row_of_ours_that_a_person_changed_is_made_ours_again(project, table):
    push(table, rows(2))
    project.sql(f"UPDATE {TABLE} SET content = 'by hand' WHERE id LIKE '%0'")
    assert push(table, rows(2)) == Pushed(1, 0)
    assert project.sql(f"SELECT count(*) FROM {TABLE} WHERE content = 'by hand'") == [(0,)]


def test_what_is_no_longer_known_loses_its_words_and_stays_as_a_trace(project, table):
    push(table, rows(3))
    project.remember(A, "theirs")
    assert push(table, rows(2)) == Pushed(0, 1)
    ((title, content, embedding, metadata, deleted),) = project.sql(
        f"SELECT title, content, embedding, metadata, deleted_at FROM {TABLE} WHERE id = '{2:032x}'"
    )
    assert (title, content, embedding, metadata) == ("", "", None, {})
    assert deleted is not None
    before = project.versions(TABLE)
    assert push(table, rows(2)) == Pushed(0, 0)
    assert table.retract([f"{2:032x}", "theirs", "nobody's"]) == 0
    assert project.versions(TABLE) == before
    # a learning that comes back has the same id
    assert push(table, rows(3)) == Pushed(1, 0)


def test_a_row_others_wrote_under_our_id_stays_theirs(project, table):
    project.remember(A, f"{1:032x}", "theirs")
    assert push(table, rows(3)) == Pushed(2, 0)
    assert project.sql(f"SELECT content FROM {TABLE} WHERE written_by = 'people'") == [("theirs",)]
    assert push(table, []) == Pushed(0, 2)
    assert project.sql(f"SELECT content FROM {TABLE} WHERE deleted_at IS NULL") == [("theirs",)]


def test_another_companys_rows_are_out_of_reach_of_a_push(project, table, way):
    theirs = project.open(way, "empresa-b")
    push(theirs, memory_rows(learnings(3), company="empresa-b", model="m"))
    assert table.stored() == {}
    assert push(table, []) == Pushed(0, 0)
    assert table.retract(sorted(theirs.stored())) == 0
    assert len(theirs.stored()) == 3


def test_copies_are_published_and_taken_back_for_good(project, way):
    table = project.open(way)
    published = global_rows(copies(3), model="model-1")
    assert push(table, published) == Pushed(3, 0)
    reader = project.rest("authenticated", "empresa-b")
    seen = {row["id"]: row for row in reader.get(f"/{GLOBAL}").json()}
    assert seen.keys() == {"g-0", "g-1", "g-2"}
    assert seen["g-1"]["metadata"] == {"evidence": {"commit": "c0ffee", "path": "ação"}}
    assert push(table, published[:2]) == Pushed(0, 1)
    assert {row["id"] for row in reader.get(f"/{GLOBAL}").json()} == {"g-0", "g-1"}
    before = project.versions(GLOBAL)
    # a second coordinator that read before it was taken back, and writes after
    assert table.upsert(published) == 0
    assert project.versions(GLOBAL) == before
    assert project.sql(f"SELECT content FROM {GLOBAL} WHERE id = 'g-2'") == [("",)]


def test_a_superseded_copy_says_so(project, way):
    table = project.open(way)
    frame = copies(2)
    push(table, global_rows(frame, model="m"))
    told = frame.assign(valid_to=[MOMENT, pd.NaT], superseded_by=["g-1", ""])
    assert push(table, global_rows(told, model="m")) == Pushed(1, 0)
    found = project.sql(f"SELECT valid_to, superseded_by FROM {GLOBAL} ORDER BY id")
    assert found == [(MOMENT.to_pydatetime(), "g-1"), (None, "")]


PRIVATE = "words of the company"
REFUSED = {
    "a NUL": {"content": "a\x00b"},
    "half a character": {"content": "a\ud800b"},
    "ten megabytes": {"content": "x" * 10_000_000},
    "a vector of another width": {"embedding": [0.1, 0.2, 0.3]},
    "a vector with a number that is none": {"embedding": [float("nan")] * 384},
    "no content": {"content": None},
    "a time that is none": {"created_at": "yesterday evening"},
    "an id with a line break": {"id": "a\nb"},
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_row_that_is_refused_is_told_without_its_words_and_its_batch_stays_away(
    project, way, fault, caplog
):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="sqlalchemy")
    table = project.open(way, A)  # only now: engines look once whether they are to log
    good, bad = rows(2)
    bad |= {"title": PRIVATE} | REFUSED[fault]
    with pytest.raises(SourceRefused) as refused:
        table.upsert([good, bad])
    assert refused.value.status == 400
    told = "".join(traceback.format_exception(refused.value)) + caplog.text
    assert PRIVATE not in told
    batch_of_its_own = fault == "ten megabytes"
    assert project.versions(TABLE).keys() == ({good["id"]} if batch_of_its_own else set())


def test_a_category_nobody_knows_is_refused_by_the_global_memory(project, way):
    table = project.open(way)
    row = global_rows(copies(1), model="m")[0]
    with pytest.raises(SourceRefused):
        table.upsert([row | {"category": "lore"}])


def test_rows_without_a_vector_are_kept_without_one(project, table):
    frame = learnings(4)
    frame["vector"] = [None, float("nan"), np.zeros(3, "float32"), frame["vector"][3]]
    push(table, memory_rows(frame, company=A, model="m"))
    found = project.sql(f"SELECT embedding IS NULL, embedding_model FROM {TABLE} ORDER BY id")
    assert found == [(True, ""), (True, ""), (True, ""), (False, "m")]


def test_batches_are_bounded_by_rows_and_by_bytes_and_in_one_order(table, monkeypatch):
    """In one order, so that two writers never wait for each other in a circle."""
    sent = []
    monkeypatch.setattr(table._project, "upsert", lambda batch: sent.append(batch) or 0)
    table.upsert(rows(250)[::-1])
    assert [len(batch) for batch in sent] == [100, 100, 50]
    assert [one for batch in sent for one in batch] == rows(250)
    sent.clear()
    monkeypatch.setattr(memory_table, "BATCH_BYTES", 50_000)
    table.upsert(rows(30))
    assert [one for batch in sent for one in batch] == rows(30)
    assert max(map(len, sent)) < 10
