"""Reading what others wrote, by REST and by Postgres: nothing is lost, nothing comes twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest

from coordinator.errors import SourceLimit, SourceUnauthorized
from coordinator.reading.cursors import OVERLAP
from coordinator.settings import SupabaseSettings
from resources.supabase import SupabaseReader
from resources.supabase import table as memory_table

A = "empresa-a"
SETTINGS = SupabaseSettings.model_validate({"database_url_env": "DATABASE_URL"})


class Silent:
    """Progress that calls somebody after every page."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self._then = then

    def start(self, label: str, total: int | None) -> None: ...

    def advance(self, amount: int = 1) -> None:
        self._then()

    def finish(self) -> None: ...


class Reader:
    """Reads as the product does, and keeps what it read."""

    def __init__(self, table: Any) -> None:
        self.reader = SupabaseReader(table, SETTINGS)
        self.held: dict[str, datetime] = {}
        self.words: dict[str, str] = {}
        self.since: datetime | None = None
        self.notes: tuple[str, ...] = ()
        self.counts: Mapping[str, int] = {}

    def read(self, *, census: bool = False, then: Callable[[], None] = lambda: None) -> set[str]:
        """One read; the ids it brought."""
        known = {id: (stamp,) for id, stamp in self.held.items()}
        found = self.reader.read(
            self.since, known, by="rules", census=census, ours=frozenset(), progress=Silent(then)
        )
        assert found.rows["id"].is_unique
        for row in found.rows.itertuples():
            self.held[row.id] = row.updated_at.to_pydatetime()
            self.words[row.id] = row.content
        for id in found.removed:
            del self.held[id], self.words[id]
        self.notes, self.counts = found.notes, found.counts
        at, _, by = found.version.rpartition("+")
        assert by == "rules"
        self.since = datetime.fromisoformat(at)
        return set(found.rows["id"])


@pytest.fixture(params=["rest", "postgres"])
def way(request):
    return request.param


@pytest.fixture
def reader(project, way):
    return Reader(project.open(way, A))


def test_a_row_somebody_else_wrote_is_read_and_the_coordinators_own_is_not(project, reader):
    project.remember(
        A, "m1", "words", title="a title", author="Ana", category="need", language="pt"
    )
    project.remember(A, "ours", "copied", written_by="orchestrator")
    project.remember("empresa-b", "m2", "words of another company")
    assert reader.read(census=True) == {"m1"}
    assert [row["id"] for row in project.open("rest", A).by_ids(["m1", "ours", "m2"])] == ["m1"]
    found = reader.reader.read(
        None, {}, by="", census=False, ours=frozenset(), progress=Silent()
    ).rows.iloc[0]
    assert (found.title, found.author, found.category) == ("a title", "Ana", "need")


def test_an_update_is_read_again_and_what_did_not_change_is_not(project, reader):
    for id in ("m1", "m2"):
        project.remember(A, id, "before")
    reader.read()
    ((reader.since,),) = project.sql("SELECT clock_timestamp()")
    project.sql("UPDATE orchestrator_memories SET content = 'after' WHERE id = 'm2'")
    assert reader.read() == {"m2"}
    assert reader.words == {"m1": "before", "m2": "after"}


def test_a_deleted_row_is_found_gone_by_the_census_and_only_by_it(project, reader):
    for id in ("m1", "m2"):
        project.remember(A, id)
    reader.read()
    project.sql("DELETE FROM orchestrator_memories WHERE id = 'm1'")
    reader.read()
    assert reader.held.keys() == {"m1", "m2"}
    reader.read(census=True)
    assert reader.held.keys() == {"m2"}


def test_a_row_taken_back_by_its_writer_leaves_with_the_next_read(project, reader):
    project.remember(A, "m1")
    reader.read()
    project.sql("UPDATE orchestrator_memories SET deleted_at = now() WHERE id = 'm1'")
    assert list(reader.reader.changed(reader.since)) == [("m1", None)]
    assert reader.read() == set()
    assert reader.held == {}


def test_a_poll_says_id_and_last_change_as_they_are_stored(project, reader):
    project.remember(A, "m1")
    reader.read()
    assert list(reader.reader.changed(reader.since)) == list(reader.held.items())


def test_a_row_committed_after_the_read_is_not_lost(project, reader):
    """It was written a minute before, in a transaction that ends only after the read."""
    with closing(project.connect()) as connection, connection.cursor() as late:
        late.execute(
            "SET LOCAL session_replication_role = replica; INSERT INTO orchestrator_memories "
            "(company, id, content, updated_at) VALUES (%s, 'late', 'x', now() - %s)",
            [A, timedelta(minutes=1)],
        )
        project.remember(A, "early")
        assert reader.read() == {"early"}
        connection.commit()
    assert "late" in reader.read()
    # a window that began at the newest change seen would have begun behind it
    assert reader.held["late"] < reader.held["early"]


def test_a_row_committed_later_than_any_window_is_found_by_the_census(project, reader):
    reader.read()
    project.sql(
        "SET session_replication_role = replica; INSERT INTO orchestrator_memories "
        "(company, id, content, updated_at) VALUES (%s, 'late', 'x', now() - %s)",
        [A, 2 * OVERLAP],
    )
    assert reader.read() == set()
    assert reader.read(census=True) == {"late"}


def test_ten_thousand_rows_are_read_while_they_change(project, reader):
    """Rows of one statement share one time, so that pages end inside it."""
    project.sql(
        "INSERT INTO orchestrator_memories (company, id, content) "
        "SELECT %s, 'm' || n, 'before' FROM generate_series(1, 10000) AS n",
        [A],
    )
    pages = 0

    def change() -> None:
        nonlocal pages
        pages += 1
        if pages > 40:
            return
        project.sql(
            "UPDATE orchestrator_memories SET content = 'after ' || %(page)s "
            "WHERE id IN (SELECT 'm' || n FROM generate_series(%(page)s, 10000, 1000) AS n);"
            "INSERT INTO orchestrator_memories (company, id, content) "
            "VALUES ('empresa-a', '0new' || %(page)s, 'new');"
            "DELETE FROM orchestrator_memories WHERE id = 'm' || (5000 + %(page)s)",
            {"page": pages},
        )

    reader.read(then=change)
    there = dict(project.sql("SELECT id, content FROM orchestrator_memories"))
    assert len(there) == 10_000
    gone = reader.words.keys() - there.keys()
    assert gone <= {f"m{5000 + page}" for page in range(1, 41)}
    assert {id: text for id, text in reader.words.items() if id not in gone} == there
    reader.read(census=True)
    assert reader.words == there


def test_a_project_that_allows_fewer_rows_a_page_is_read_to_the_end(project, way, monkeypatch):
    monkeypatch.setattr(memory_table, "CENSUS_PAGE", 4_000)
    project.sql(
        "INSERT INTO orchestrator_memories (company, id, content) "
        "SELECT %s, 'm' || n, 'x' FROM generate_series(1, 2500) AS n",
        [A],
    )
    assert len(set(project.open(way, A).ids())) == 2_500


ODD = [
    "a,b", 'a"b', "a\\b", 'a\\"b', "a)b", "(", "a:b", "a.b", "'", "*", "%41", "&id=eq.x", "#", "+",
    "null", "{a}", "or(id.gt.0)", "eq.x", "--x", "a';--", "m" * 200,
]  # fmt: skip


def test_ids_that_look_like_conditions_are_ids(project, way, monkeypatch):
    monkeypatch.setattr(memory_table, "PAGE", 1)
    monkeypatch.setattr(memory_table, "CENSUS_PAGE", 1)
    project.sql(
        "INSERT INTO orchestrator_memories (company, id, content) SELECT %s, unnest(%s), 'x'",
        [A, ODD],
    )
    project.remember("empresa-b", "of-b")
    table = project.open(way, A)
    assert sorted(row["id"] for page in table.changed_since(None) for row in page) == sorted(ODD)
    assert sorted(table.ids()) == sorted(ODD)
    assert sorted(row["id"] for row in table.by_ids([*ODD, "of-b"])) == sorted(ODD)


def test_what_cannot_be_read_is_left_out_and_counted(project, reader):
    """A table that somebody made by hand refuses nothing."""
    for (name,) in project.sql(
        "SELECT conname FROM pg_constraint WHERE contype = 'c' "
        "AND conrelid = 'orchestrator_memories'::regclass"
    ):
        project.sql(f'ALTER TABLE orchestrator_memories DROP CONSTRAINT "{name}"')
    project.remember(A, "good", "<p>words</p><script>alert(1)</script>", title="\x1b[31mred\u202e")
    project.remember(A, "kind", "words", category="lore", language="pt-BR")
    project.remember(A, "long", "x" * 10_000_000)
    project.remember(A, "empty", " \n\u200b ")
    project.remember(A, "two words", "x")
    project.remember(A, "m" * 201, "x")
    project.remember(A, "future", "x", created_at="294000-01-01")
    project.remember(A, "infinite", "x", created_at="infinity")
    project.remember(A, "before christ", "x", created_at="0044-03-15 BC")
    assert reader.read(census=True) == {"good", "kind"}
    assert reader.words["good"] == "<p>words</p><script>alert(1)</script>"
    assert sorted(reader.notes) == [
        "1 rows left out: content too long",
        "1 rows left out: no content",
        "2 rows left out: broken created_at",
        "3 rows left out: broken id",
    ]
    assert reader.counts == {"read": 2, "left out": 7, "of another category": 1}
    # what can no longer be read is not kept as it was before
    project.sql("UPDATE orchestrator_memories SET content = '' WHERE id = 'good'")
    reader.read()
    assert reader.held.keys() == {"kind"}


def test_one_row_that_is_too_much_keeps_no_other_from_being_read(project):
    """The lane refuses answers over its limit."""
    project.sql(
        "ALTER TABLE orchestrator_memories DROP CONSTRAINT orchestrator_memories_content_check"
    )
    for number in range(60):
        project.remember(A, f"m{number:02}", "x" * (900_000 if number in (7, 31) else 100))
    project.gateway.most_bytes = 500_000
    reader = Reader(project.open("rest", A))
    assert len(reader.read()) == 58
    assert reader.notes == ("2 rows left out: no content",)
    project.gateway.most_bytes = 10
    with pytest.raises(SourceLimit):
        reader.read()


def test_a_key_that_policies_hide_rows_from_is_refused_and_not_told_of_an_empty_table(
    project, sign
):
    project.remember(A, "m1")
    table = project.open("rest", A, key=sign("authenticated", company=A))
    for ask in (table.now, lambda: list(table.ids()), table.stored):
        with pytest.raises(SourceUnauthorized):
            ask()
    reader = Reader(table)
    with pytest.raises(SourceUnauthorized):
        reader.read()
    with pytest.raises(SourceUnauthorized):
        list(reader.reader.changed(datetime.fromisoformat("2026-01-01T00:00:00Z")))


def test_the_window_goes_by_the_servers_clock(project, way):
    before = project.sql("SELECT clock_timestamp()")[0][0]
    now = project.open(way, A).now()
    assert before <= now <= before + timedelta(seconds=30)
    assert now.utcoffset() == timedelta(0)


@pytest.mark.parametrize("way", ["rest", "postgres"])
def test_rows_companies_keep_in_the_global_memory_are_read_too(project, way):
    for id, by in (("empresa-a:nota", "company"), ("g-1", "orchestrator")):
        project.insert(
            "orchestrator_global_memory",
            id=id,
            content="x",
            source_instance=A,
            category="need",
            written_by=by,
        )
    table = project.open(way)
    assert [row["id"] for page in table.changed_since(None) for row in page] == ["empresa-a:nota"]
    assert list(table.ids()) == ["empresa-a:nota"]
    assert table.stored() == {"g-1": ""}
