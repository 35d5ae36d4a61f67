"""Everything another company, or nobody, tries with a company's memories that must not get through.

A probe is true when it got through. The module is handed to the tests by the fixture of its name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import psycopg2

TABLE = "orchestrator_memories"
PATH = f"/{TABLE}"
SECRET = "segredo de b"
NEAR_SECRET = [0.0, 1.0]
SHOW = {"Prefer": "return=representation"}
MERGE = {"Prefer": "resolution=merge-duplicates,return=representation"}


class World:
    """A project that two companies share, with rows of people and of the coordinator in each."""

    def __init__(self, project: Any, vector: Callable[..., str]) -> None:
        self.project = project
        self.vector = vector
        for company, id, content, by, numbers in (
            ("empresa-a", "nota", "nota de a", "people", [1.0]),
            ("empresa-a", "ours", "copiado de a", "orchestrator", [1.0, 0.1]),
            ("empresa-b", "nota-b", SECRET, "people", NEAR_SECRET),
            ("empresa-b", "ours-b", f"{SECRET} copiado", "orchestrator", NEAR_SECRET),
        ):
            project.remember(
                company,
                id,
                content,
                title=content,
                written_by=by,
                embedding=vector(numbers),
                metadata=json.dumps({"by": content}),
            )
        project.sql(
            f"CREATE VIEW careless AS SELECT * FROM {TABLE};"
            "ALTER VIEW careless OWNER TO project_owner;"
            "GRANT SELECT ON careless TO authenticated;"
            f"CREATE TABLE kept AS SELECT * FROM {TABLE}"
        )
        self.a = project.rest("authenticated", "empresa-a")
        self.anon = project.rest("anon")
        self.before = self.rows()

    def restore(self) -> None:
        """Put the rows back as they were, past every guard."""
        self.project.sql(
            "SET session_replication_role = replica; "
            f"DELETE FROM {TABLE}; INSERT INTO {TABLE} SELECT * FROM kept"
        )

    def rows(self) -> dict[tuple[str, str], tuple[Any, ...]]:
        found = self.project.sql(
            f"SELECT company, id, title, content, written_by, deleted_at FROM {TABLE}"
        )
        return {(company, id): tuple(rest) for company, id, *rest in found}

    def of_others_changed(self) -> bool:
        """Whether a row changed that is b's or the coordinator's."""
        rows = self.rows()
        theirs = self.before.keys() - {("empresa-a", "nota")}
        return any(rows.get(key) != self.before[key] for key in theirs)

    def added(self, **columns: Any) -> bool:
        """Whether company a can insert such a row."""
        new = {"company": "empresa-a", "id": "nova", "content": "nova"} | columns
        self.a.post(PATH, json=new)
        return len(self.rows()) > len(self.before)

    def patched(self, columns: dict[str, Any], **where: str) -> Any:
        return self.a.patch(PATH, params=where, json=columns, headers=SHOW)


def seen(world: World, path: str, **asked: Any) -> bool:
    """Whether company a reads anything of b there."""
    return SECRET in world.a.get(path, params=asked).text


def by_match(world: World, **arguments: Any) -> bool:
    asked = {"query_embedding": json.loads(world.vector(NEAR_SECRET))} | arguments
    return SECRET in world.a.post("/rpc/match_memories", json=asked).text


def by_count(world: World) -> bool:
    answer = world.a.head(
        PATH, params={"company": "eq.empresa-b"}, headers={"Prefer": "count=exact"}
    )
    return not answer.headers["Content-Range"].endswith("/0")


def overwritten(world: World) -> bool:
    row = {"company": "empresa-b", "id": "nota-b", "content": "tomado"}
    merged = world.a.post(PATH, params={"on_conflict": "company,id"}, json=row, headers=MERGE)
    patched = world.patched({"content": "tomado"}, company="eq.empresa-b")
    return world.of_others_changed() or SECRET in merged.text + patched.text


def taken_over(world: World) -> bool:
    world.a.patch(PATH, json={"company": "empresa-a"})  # without a condition nothing is read
    return world.of_others_changed()


def planted(world: World) -> bool:
    world.a.patch(PATH, json={"company": "empresa-b", "id": "plantada"})
    return ("empresa-b", "plantada") in world.rows() or world.added(company="empresa-b")


def coordinators_row_changed(world: World) -> bool:
    world.patched({"content": "tomado"}, id="eq.ours")
    world.patched({"deleted_at": "now"}, id="eq.ours")
    return world.of_others_changed()


def in_the_coordinators_name(world: World) -> bool:
    return world.added(written_by="orchestrator")


def renamed_to_the_coordinator(world: World) -> bool:
    """A row that became the coordinator's would be taken out with its next push."""
    world.patched({"written_by": "orchestrator"}, id="eq.nota")
    return world.rows()["empresa-a", "nota"][2] != "people"


def taken_over_by_the_coordinator(world: World) -> bool:
    """A push under an id that somebody took must leave their row alone."""
    world.project.sql(
        f"INSERT INTO {TABLE} (company, id, content, written_by) VALUES ('empresa-a', 'nota', "
        "'copiado', 'orchestrator') ON CONFLICT (company, id) DO UPDATE SET "
        "content = excluded.content, written_by = excluded.written_by"
    )
    return world.rows() != world.before


def deleted(world: World) -> bool:
    for key in ("nota", "ours"):
        world.a.delete(PATH, params={"id": f"eq.{key}"})
    return world.rows().keys() != world.before.keys()


def emptied(world: World) -> bool:
    with (
        suppress(psycopg2.errors.InsufficientPrivilege),
        world.project.acting("authenticated", "empresa-a") as cursor,
    ):
        cursor.execute(f"TRUNCATE {TABLE}")
        return True
    return False


def backdated(world: World) -> bool:
    old = {"updated_at": "2000-01-01T00:00:00Z"}
    world.patched({"content": "outra", **old}, id="eq.nota")
    world.added(**old)
    found = world.project.sql(f"SELECT id FROM {TABLE} WHERE updated_at < '2001-01-01'")
    return bool(found)


def words_kept_after_removal(world: World) -> bool:
    world.patched({"deleted_at": "now"}, id="eq.nota")
    found = world.project.sql(
        f"SELECT id FROM {TABLE} WHERE deleted_at IS NOT NULL AND (title <> '' OR content <> '' "
        "OR embedding IS NOT NULL OR metadata <> '{}')"
    )
    return bool(found)


def let_in(answer: Any, thing: str) -> bool:
    """Whether anything but the refusal of `thing` itself is answered."""
    refused = f"permission denied for {thing}" in answer.text
    return not (answer.status_code in (401, 403) and refused)


def anon_searches(world: World) -> bool:
    asked = {"query_embedding": json.loads(world.vector([1.0]))}
    return let_in(world.anon.post("/rpc/match_memories", json=asked), "function")


def sees_by(world: World, **claims: Any) -> bool:
    return world.project.rest("authenticated", **claims).get(PATH).json() != []


PROBES: dict[str, Callable[[World], bool]] = {
    "table": lambda world: seen(world, PATH),
    "filter by company": lambda world: seen(world, PATH, company="eq.empresa-b"),
    "or": lambda world: seen(world, PATH, **{"or": "(company.eq.empresa-b,id.gt.0)"}),
    "cast column": lambda world: seen(world, PATH, select="m:metadata->>by,e:embedding::text"),
    "count": by_count,
    "search": by_match,
    "search by their name": lambda world: by_match(world, filter_company="empresa-b"),
    "view of the owner": lambda world: seen(world, "/careless"),
    "overwrite": overwritten,
    "take over": taken_over,
    "plant": planted,
    "coordinator's row": coordinators_row_changed,
    "coordinator's name": in_the_coordinators_name,
    "become the coordinator's": renamed_to_the_coordinator,
    "coordinator takes over": taken_over_by_the_coordinator,
    "delete": deleted,
    "truncate": emptied,
    "backdate": backdated,
    "words kept": words_kept_after_removal,
    "anon reads": lambda world: let_in(world.anon.get(PATH), "table"),
    "anon rows": lambda world: "de a" in world.anon.get(PATH).text,
    "anon searches": anon_searches,
    "no company": sees_by,
    "user metadata": lambda world: sees_by(world, user_metadata={"company": "empresa-b"}),
}


def leaks(world: World, names: Iterable[str]) -> set[str]:
    """Those of the probes `names` that get through, each with the rows as they were at first."""
    found = set()
    for name in names:
        if PROBES[name](world):
            found.add(name)
        world.restore()
    return found
