"""Who sees and writes what in the global memory, and that each guard alone is what holds it.

The probes (`global_probes.py`) ask PostgREST as a company, as nobody and as the coordinator. Every
breakage takes one guard away from a copy of the schema, and the probes must then report a leak.
"""

from __future__ import annotations

import json
import time

import pytest

TABLE = "orchestrator_global_memory"
PATH = f"/{TABLE}"
MERGE = {"Prefer": "resolution=merge-duplicates,return=representation"}
OWN = "source_instance = (select orchestrator_company())"
READ = f"alter policy orchestrator_read on {TABLE} "
INSERT = f"alter policy orchestrator_insert on {TABLE} with check "
UPDATE = f"alter policy orchestrator_update on {TABLE} "
MATCH = "function match_global_memory(extensions.vector, int, text, text, text, text)"
OPEN = f"grant all on {TABLE} to anon; "
"""What Supabase gives to every new table: the policies alone must hold then."""

BREAKAGES: dict[str, tuple[str, set[str]]] = {
    "no row level security": (
        f"alter table {TABLE} disable row level security",
        {"table", "filter by company", "filter by id", "filter by words", "or", "not and"}
        | {"cast column", "count", "search", "search by their name", "search for many"}
        | {"relation", "upsert", "take over", "publish", "plant", "squat", "taken id"}
        | {"coordinator's name", "no company", "user metadata", "retracted"},
    ),
    "not forced on the owner": (
        f"alter table {TABLE} no force row level security",
        {"view of the owner"},
    ),
    "everybody reads": (READ + "using (true)", {"table", "count", "search", "relation"}),
    "the name alone is asked for": (
        READ + "using (source_instance = current_setting('request.jwt.claims')::json -> "
        "'user_metadata' ->> 'company')",
        {"user metadata"},
    ),
    "retracted rows are shared": (
        READ + f"using ({OWN} or (shared and (select orchestrator_company()) is not null))",
        {"retracted"},
    ),
    "whoever is signed in reads what is shared": (
        READ + f"using ({OWN} or (shared and retracted_at is null))",
        {"no company", "user metadata"},
    ),
    "the read policy is for all": (
        OPEN + READ + "to public using (shared)",
        {"anon rows", "anon reads"},
    ),
    "inserts are not checked": (
        INSERT + "(true)",
        {"plant", "publish", "squat", "taken id", "coordinator's name"},
    ),
    "inserts for another": (INSERT + "(starts_with(id, 'empresa-'))", {"plant"}),
    "inserts of shared rows": (
        INSERT + f"({OWN} and starts_with(id, source_instance || ':') "
        "and written_by <> 'orchestrator')",
        {"publish"},
    ),
    "inserts under any id": (
        INSERT + f"({OWN} and not shared and written_by <> 'orchestrator')",
        {"squat", "taken id"},
    ),
    "inserts in any name": (
        INSERT + f"({OWN} and not shared and starts_with(id, source_instance || ':'))",
        {"coordinator's name"},
    ),
    "updates of every row": (UPDATE + "using (true)", {"take over"}),
    "updates of shared rows": (
        UPDATE + f"using (shared) with check ({OWN} or true)",
        {"take over"},
    ),
    "updates are not checked": (UPDATE + "with check (true)", {"publish", "plant", "squat"}),
    "updates may publish": (
        UPDATE + f"with check ({OWN} and starts_with(id, source_instance || ':'))",
        {"publish"},
    ),
    "updates may rename": (UPDATE + f"with check ({OWN} and not shared)", {"squat"}),
    "updates may give away": (
        UPDATE + "with check (starts_with(id, source_instance || ':') and not shared)",
        {"plant"},
    ),
    "one policy for everything": (
        f"drop policy orchestrator_read on {TABLE}; drop policy orchestrator_insert on {TABLE}; "
        f"drop policy orchestrator_update on {TABLE}; "
        f"create policy one on {TABLE} to authenticated using ({OWN} or shared)",
        {"upsert", "take over"},
    ),
    "companies may delete": (
        f"grant delete on {TABLE} to authenticated; "
        f"create policy gone on {TABLE} for delete to authenticated using (true)",
        {"delete"},
    ),
    "companies may truncate": (
        f"grant truncate on {TABLE}, bookmarks to authenticated",
        {"truncate"},
    ),
    "nobody may truncate": (f"grant truncate on {TABLE}, bookmarks to anon", {"truncate by anon"}),
    "the coordinator may delete": (
        f"grant delete on {TABLE} to service_role",
        {"coordinator deletes"},
    ),
    "what Supabase gives to every new table": (OPEN, {"anon reads", "anon writes"}),
    "what Supabase gives to every new function": (
        f"grant execute on {MATCH} to anon",
        {"anon searches"},
    ),
    "everybody's functions": (
        "grant execute on function orchestrator_now(), orchestrator_schema() to public",
        {"clock", "schema"},
    ),
    "the search acts as its owner": (
        f"alter {MATCH} security definer; alter {MATCH} owner to postgres",
        {"search", "search by their name", "search for many"},
    ),
    "the search finds tables on the asker's path": (
        f"alter {MATCH} reset search_path",
        {"temporary table"},
    ),
    "the company is asked for on the asker's path": (
        "alter function orchestrator_company() reset search_path",
        {"forged claims"},
    ),
    "the company by user metadata": (
        "create or replace function orchestrator_company() returns text language sql stable as "
        "$$ select current_setting('request.jwt.claims', true)::json -> 'user_metadata' "
        "->> 'company' $$",
        {"user metadata"},
    ),
    "no trigger": (
        f"drop trigger orchestrator_global_memory_written on {TABLE}",
        {"restore", "late coordinator", "words kept", "backdate"},
    ),
    "a search that grants wishes": (
        "create function match_global_memory(query_embedding extensions.vector, only_shared bool, "
        "company text) returns setof orchestrator_global_memory language sql security definer "
        f"as $$ select * from {TABLE} where not only_shared $$; "
        "notify pgrst, 'reload schema'",
        {"search with a wish"},
    ),
    "a copy in another schema": (
        f"create view team.{TABLE} as select * from {TABLE}; grant usage on schema team to "
        f"authenticated; grant select on team.{TABLE} to authenticated; "
        "notify pgrst, 'reload schema'",
        {"other profile"},
    ),
}


@pytest.fixture
def world(project, global_probes, vector):
    made = global_probes.World(project, vector)
    assert project.api  # started before anything is broken, as in a project that is at work
    return made


def test_nobody_sees_or_writes_what_is_not_theirs(world, global_probes):
    assert global_probes.leaks(world, global_probes.PROBES) == set()


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_without_one_guard_the_probes_report_a_leak(world, global_probes, breakage):
    statement, expected = BREAKAGES[breakage]
    world.project.sql(statement)
    if "reload schema" in statement:
        wait_for_the_new_schema(world, global_probes, expected)
    assert global_probes.leaks(world, expected) == expected


def wait_for_the_new_schema(world, global_probes, expected):
    """PostgREST reads its schema again a moment after it is told to."""
    for _ in range(100):
        if global_probes.leaks(world, expected):
            return
        time.sleep(0.05)


def test_every_probe_reports_at_least_one_breakage(global_probes):
    told = set().union(*(expected for _, expected in BREAKAGES.values()))
    assert told == global_probes.PROBES.keys()


def test_a_company_reads_its_own_rows_and_what_is_shared(world):
    found = {row["id"] for row in world.a.get(PATH).json()}
    assert found == {"empresa-a:nota", "empresa-a:velha", "g-a", "g-b"}
    asked = {"query_embedding": json.loads(world.vector([1.0]))}
    found = [row["id"] for row in world.a.post("/rpc/match_global_memory", json=asked).json()]
    assert found == ["empresa-a:nota", "g-a", "g-b"]


def test_a_company_named_by_an_administrator_in_app_metadata_counts(world):
    client = world.project.rest("authenticated", app_metadata={"company": "empresa-b"})
    assert "empresa-b:nota" in {row["id"] for row in client.get(PATH).json()}


def test_a_company_keeps_and_takes_back_rows_of_its_own(world):
    assert world.a.post(PATH, json=world.new()).status_code == 201
    row = world.new(content="mudada")
    merged = world.a.post(PATH, params={"on_conflict": "id"}, json=row, headers=MERGE)
    assert [one["content"] for one in merged.json()] == ["mudada"]
    assert world.patched("empresa-a:nova", retracted_at="now").json()[0]["content"] == ""


def test_the_coordinator_sees_everything(world):
    found = {row["id"] for row in world.project.rest("service_role").get(PATH).json()}
    assert found == world.before.keys()


WORKS = {
    "orchestrator_read": lambda world: world.a.get(PATH).json() != [],
    "orchestrator_insert": lambda world: world.added(),
    "orchestrator_update": lambda world: world.patched("empresa-a:nota", title="x").json() != [],
}


@pytest.mark.parametrize("policy", WORKS)
def test_what_a_company_may_do_it_may_by_one_policy(world, policy):
    assert WORKS[policy](world)
    world.restore()
    world.project.sql(f"DROP POLICY {policy} ON {TABLE}")
    assert not WORKS[policy](world)
