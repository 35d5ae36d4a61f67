"""Everything a company, or nobody, tries with the global memory that must not get through.

A probe is true when it got through. The module is handed to the tests by the fixture of its name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import psycopg2

TABLE = "orchestrator_global_memory"
PATH = f"/{TABLE}"
SECRET = "segredo de b"
NEAR_SECRET = [0.0, 1.0]
MERGE = {"Prefer": "resolution=merge-duplicates,return=representation"}
SHOW = {"Prefer": "return=representation"}
THEIR_OWN = "empresa-b:nota"
"""Of company b alone."""


class World:
    """A project with rows of two companies, an application beside it, and everyone who may ask."""

    def __init__(self, project: Any, vector: Callable[..., str]) -> None:
        self.project = project
        self.vector = vector
        rows = {
            "empresa-a:nota": ("empresa-a", "nota de a", False, [1.0]),
            "empresa-a:velha": ("empresa-a", "velha nota de a", False, [1.0]),
            THEIR_OWN: ("empresa-b", SECRET, False, NEAR_SECRET),
            "g-a": ("empresa-a", "partilhado por a", True, [1.0, 0.1]),
            "g-b": ("empresa-b", "partilhado por b", True, [0.1, 1.0]),
            "g-b-gone": ("empresa-b", "retirado por b", True, [0.2, 1.0]),
        }
        for id, (company, content, shared, numbers) in rows.items():
            self.project.insert(
                TABLE,
                id=id,
                title=content,
                content=content,
                source_instance=company,
                category="solution",
                shared=shared,
                written_by="orchestrator" if shared else "company",
                embedding=vector(numbers),
                metadata=json.dumps({"by": content}),
            )
        project.sql(f"UPDATE {TABLE} SET retracted_at = now() WHERE id IN ('g-b-gone')")
        project.sql(f"UPDATE {TABLE} SET retracted_at = now() WHERE id IN ('empresa-a:velha')")
        # an application that has the foreign key and the careless view everybody makes once
        project.sql(
            f"CREATE TABLE bookmarks (memory text REFERENCES {TABLE} "
            "ON UPDATE CASCADE ON DELETE CASCADE);"
            f"INSERT INTO bookmarks SELECT id FROM {TABLE};"
            "GRANT SELECT ON bookmarks TO authenticated;"
            f"CREATE VIEW careless AS SELECT * FROM {TABLE};"
            "ALTER VIEW careless OWNER TO project_owner;"
            "GRANT SELECT ON careless TO authenticated;"
        )
        self.a = project.rest("authenticated", "empresa-a")
        self.anon = project.rest("anon")
        self.before = self.rows()
        project.sql(f"CREATE TABLE kept AS SELECT * FROM {TABLE}")

    def restore(self) -> None:
        """Put the rows back as they were, past every guard."""
        self.project.sql(
            "DROP SCHEMA IF EXISTS forged CASCADE; SET session_replication_role = replica; "
            f"DELETE FROM {TABLE}; INSERT INTO {TABLE} SELECT * FROM kept"
        )

    def rows(self) -> dict[str, tuple[Any, ...]]:
        found = self.project.sql(
            f"SELECT id, source_instance, title, content, shared, retracted_at FROM {TABLE}"
        )
        return {id: tuple(rest) for id, *rest in found}

    def of_others_changed(self) -> bool:
        """Whether a row that is not company a's own differs from what it was."""
        rows = self.rows()
        theirs = {id for id in self.before if not id.startswith("empresa-a:")}
        return any(rows.get(id) != self.before[id] for id in theirs)

    def new(self, **columns: Any) -> dict[str, Any]:
        own = {"id": "empresa-a:nova", "source_instance": "empresa-a", "category": "need"}
        return own | {"content": "nova"} | columns

    def added(self, **columns: Any) -> bool:
        """Whether company a can insert such a row."""
        self.a.post(PATH, json=self.new(**columns))
        return len(self.rows()) > len(self.before)

    def patched(self, row: str, **columns: Any) -> Any:
        return self.a.patch(PATH, params={"id": f"eq.{row}"}, json=columns, headers=SHOW)


def seen(world: World, path: str, **asked: Any) -> bool:
    """Whether company a reads anything of b's own there."""
    return SECRET in world.a.get(path, params=asked).text


def by_match(world: World, **arguments: Any) -> bool:
    asked = {"query_embedding": json.loads(world.vector(NEAR_SECRET))} | arguments
    return SECRET in world.a.post("/rpc/match_global_memory", json=asked).text


def by_count(world: World) -> bool:
    answer = world.a.head(PATH, params={"id": f"eq.{THEIR_OWN}"}, headers={"Prefer": "count=exact"})
    return not answer.headers["Content-Range"].endswith("/0")


def overwritten_by_upsert(world: World) -> bool:
    for id in ("g-b", THEIR_OWN):
        row = world.new(id=id, content="tomado")
        answer = world.a.post(PATH, params={"on_conflict": "id"}, json=row, headers=MERGE)
        if SECRET in answer.text:
            return True
    return world.of_others_changed()


def taken_over(world: World) -> bool:
    mine = {"source_instance": "empresa-a", "id": "empresa-a:tomado", "shared": False}
    answers = [world.patched(id, **mine, content="tomado") for id in ("g-b", THEIR_OWN)]
    return world.of_others_changed() or any(SECRET in answer.text for answer in answers)


def published_by_itself(world: World) -> bool:
    world.patched("empresa-a:nota", shared=True)
    return world.rows()["empresa-a:nota"][3] or world.added(shared=True)


def planted_on_b(world: World) -> bool:
    theirs = {"id": "empresa-b:plantada", "source_instance": "empresa-b"}
    world.a.patch(PATH, json=theirs)  # without a condition no right to read is asked for
    world.patched("empresa-a:nota", **theirs, shared=True)
    return "empresa-a:nota" not in world.rows() or world.added(**theirs)


def told_by_a_taken_id(world: World) -> bool:
    """A taken id must be refused as a free one is."""
    answers = [world.a.post(PATH, json=world.new(id=id)) for id in (THEIR_OWN, "empresa-b:livre")]
    return len({one.status_code for one in answers}) > 1


def squatted(world: World) -> bool:
    world.patched("empresa-a:nota", id="g-next")
    return "g-next" in world.rows() or world.added(id="g-next")


def restored(world: World) -> bool:
    world.patched("empresa-a:velha", retracted_at=None, content="de volta")
    return world.rows()["empresa-a:velha"] != world.before["empresa-a:velha"]


def restored_by_the_coordinator(world: World) -> bool:
    """A second coordinator that read before it was taken back, and writes after."""
    world.project.sql(
        f"UPDATE {TABLE} SET retracted_at = NULL, content = 'x' WHERE id = 'g-b-gone'"
    )
    return world.rows()["g-b-gone"] != world.before["g-b-gone"]


def words_kept_after_removal(world: World) -> bool:
    kept = world.project.sql(
        f"SELECT id FROM {TABLE} WHERE retracted_at IS NOT NULL AND (title <> '' OR content <> '' "
        "OR embedding IS NOT NULL OR metadata <> '{}')"
    )
    world.patched("empresa-a:nota", retracted_at="now")
    return bool(kept) or world.rows()["empresa-a:nota"][2] != ""


def deleted(world: World) -> bool:
    for id in ("empresa-a:nota", "g-b", THEIR_OWN):
        world.a.delete(PATH, params={"id": f"eq.{id}"})
    return world.rows().keys() != world.before.keys()


def emptied(world: World, role: str) -> bool:
    with (
        suppress(psycopg2.errors.InsufficientPrivilege),
        world.project.acting(role, "empresa-a") as cursor,
    ):
        cursor.execute(f"TRUNCATE {TABLE} CASCADE")
        return True
    return False


def deletable_by_the_coordinator(world: World) -> bool:
    service = world.project.rest("service_role")
    return service.delete(PATH, params={"id": "eq.g-b"}).status_code != 403


def backdated(world: World) -> bool:
    world.patched("empresa-a:nota", content="outra", updated_at="2000-01-01T00:00:00Z")
    world.added(updated_at="2000-01-01T00:00:00Z")
    return bool(world.project.sql(f"SELECT id FROM {TABLE} WHERE updated_at < '2001-01-01'"))


def let_in(answer: Any, thing: str) -> bool:
    """Whether anything but the refusal of `thing` itself is answered."""
    refused = f"permission denied for {thing}" in answer.text
    return not (answer.status_code in (401, 403) and refused)


def anon_reads(world: World) -> bool:
    return let_in(world.anon.get(PATH), "table")


def anon_rows(world: World) -> bool:
    return "partilhado" in world.anon.get(PATH).text


def anon_writes(world: World) -> bool:
    return let_in(world.anon.post(PATH, json=world.new()), "table")


def anon_searches(world: World) -> bool:
    asked = {"query_embedding": json.loads(world.vector([1.0]))}
    return let_in(world.anon.post("/rpc/match_global_memory", json=asked), "function")


def companies_ask_for_the_clock(world: World) -> bool:
    return let_in(world.a.get("/rpc/orchestrator_now"), "function")


def companies_ask_for_the_schema(world: World) -> bool:
    return let_in(world.a.get("/rpc/orchestrator_schema"), "function")


def sees_without_a_company(world: World) -> bool:
    return world.project.rest("authenticated").get(PATH).json() != []


def sees_by_user_metadata(world: World) -> bool:
    forged = world.project.rest("authenticated", user_metadata={"company": "empresa-b"})
    return forged.get(PATH).json() != []


def sees_what_is_gone(world: World) -> bool:
    return world.a.get(PATH, params={"id": "eq.g-b-gone"}).json() != []


def deceived_by_a_temporary_table(world: World) -> bool:
    """A search must find the table, not what stands before it on the asker's own path."""
    with world.project.acting("authenticated", "empresa-a") as cursor:
        cursor.execute(
            "SET LOCAL search_path = public, extensions; "
            f"CREATE TEMP TABLE {TABLE} AS SELECT * FROM public.{TABLE}; "
            f"UPDATE pg_temp.{TABLE} SET content = 'falso'; "
            "SELECT content FROM match_global_memory(%s)",
            [world.vector([1.0])],
        )
        return "falso" in {content for (content,) in cursor}


def deceived_about_the_company(world: World) -> bool:
    """Whose the token is must not be asked of a function the asker made."""
    world.project.sql(
        "CREATE SCHEMA forged; GRANT USAGE ON SCHEMA forged TO authenticated; "
        "CREATE FUNCTION forged.current_setting(text, boolean) RETURNS text LANGUAGE sql "
        """AS $$ SELECT '{"company": "empresa-b"}' $$"""
    )
    with world.project.acting("authenticated", "empresa-a") as cursor:
        cursor.execute("SET LOCAL search_path = forged, pg_catalog, public")
        cursor.execute(f"SELECT content FROM {TABLE}")
        return SECRET in {content for (content,) in cursor}


PROBES: dict[str, Callable[[World], bool]] = {
    "table": lambda world: seen(world, PATH),
    "filter by company": lambda world: seen(world, PATH, source_instance="eq.empresa-b"),
    "filter by id": lambda world: seen(world, PATH, id=f"eq.{THEIR_OWN}"),
    "filter by words": lambda world: seen(world, PATH, content="like.*segredo*"),
    "or": lambda world: seen(world, PATH, **{"or": "(shared.is.false,id.gt.0)"}),
    "not and": lambda world: seen(world, PATH, **{"not.and": "(shared.is.true,id.gt.z)"}),
    "cast column": lambda world: seen(world, PATH, select="m:metadata->>by,e:embedding::text"),
    "count": by_count,
    "search": by_match,
    "search by their name": lambda world: by_match(world, filter_source="empresa-b"),
    "search with a wish": lambda world: by_match(world, only_shared=False, company="empresa-b"),
    "search for many": lambda world: by_match(world, match_count=2_000_000_000),
    "relation": lambda world: seen(world, "/bookmarks", select=f"memory,{TABLE}(*)"),
    "view of the owner": lambda world: seen(world, "/careless"),
    "other profile": lambda world: (
        SECRET in world.a.get(PATH, headers={"Accept-Profile": "team"}).text
    ),
    "upsert": overwritten_by_upsert,
    "take over": taken_over,
    "publish": published_by_itself,
    "plant": planted_on_b,
    "squat": squatted,
    "taken id": told_by_a_taken_id,
    "coordinator's name": lambda world: world.added(written_by="orchestrator"),
    "restore": restored,
    "late coordinator": restored_by_the_coordinator,
    "words kept": words_kept_after_removal,
    "delete": deleted,
    "truncate": lambda world: emptied(world, "authenticated"),
    "truncate by anon": lambda world: emptied(world, "anon"),
    "coordinator deletes": deletable_by_the_coordinator,
    "backdate": backdated,
    "anon reads": anon_reads,
    "anon rows": anon_rows,
    "anon writes": anon_writes,
    "anon searches": anon_searches,
    "clock": companies_ask_for_the_clock,
    "schema": companies_ask_for_the_schema,
    "no company": sees_without_a_company,
    "user metadata": sees_by_user_metadata,
    "retracted": sees_what_is_gone,
    "temporary table": deceived_by_a_temporary_table,
    "forged claims": deceived_about_the_company,
}


def leaks(world: World, names: Iterable[str]) -> set[str]:
    """Those of the probes `names` that get through, each with the rows as they were at first."""
    found = set()
    for name in names:
        if PROBES[name](world):
            found.add(name)
        world.restore()
    return found
