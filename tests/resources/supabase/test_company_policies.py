"""Who sees and writes what in a company's memories, and that each guard alone is what holds it.

The probes (`company_probes.py`) ask PostgREST as another company, as nobody and as the coordinator.
Every breakage takes one guard away from a copy of the schema, and the probes must report a leak.
"""

from __future__ import annotations

import json

import pytest

TABLE = "orchestrator_memories"
PATH = f"/{TABLE}"
OWN = "company = (select orchestrator_company())"
NOT_OURS = "written_by <> 'orchestrator'"
READ = f"alter policy orchestrator_read on {TABLE} "
INSERT = f"alter policy orchestrator_insert on {TABLE} with check "
UPDATE = f"alter policy orchestrator_update on {TABLE} "
MATCH = "function match_memories(extensions.vector, int, text, text, text, text)"
OPEN = f"grant all on {TABLE} to anon; "

BREAKAGES: dict[str, tuple[str, set[str]]] = {
    "no row level security": (
        f"alter table {TABLE} disable row level security",
        {"table", "filter by company", "or", "cast column", "count", "search"}
        | {"search by their name", "overwrite", "take over", "plant", "coordinator's row"}
        | {"coordinator's name", "no company", "user metadata"},
    ),
    "not forced on the owner": (
        f"alter table {TABLE} no force row level security",
        {"view of the owner"},
    ),
    "everybody reads": (READ + "using (true)", {"table", "count", "search", "no company"}),
    "nothing is asked of who is signed in": (
        READ + "using (company = coalesce((select orchestrator_company()), 'empresa-a'))",
        {"no company", "user metadata"},
    ),
    "the read policy is for all": (OPEN + READ + "to public using (true)", {"anon rows"}),
    "inserts are not checked": (INSERT + "(true)", {"plant", "coordinator's name"}),
    "inserts for another": (INSERT + f"({NOT_OURS})", {"plant"}),
    "inserts in any name": (INSERT + f"({OWN})", {"coordinator's name"}),
    "updates of every row": (UPDATE + "using (true)", {"take over"}),
    "one company as good as another": (
        f"{UPDATE} using (true) with check (true); {READ} using (true)",
        {"overwrite", "take over"},
    ),
    "updates of the coordinator's": (UPDATE + f"using ({OWN})", {"coordinator's row"}),
    "updates are not checked": (UPDATE + "with check (true)", {"plant"}),
    "one policy for everything": (
        f"drop policy orchestrator_read on {TABLE}; drop policy orchestrator_insert on {TABLE}; "
        f"drop policy orchestrator_update on {TABLE}; "
        f"create policy one on {TABLE} to authenticated using ({OWN})",
        {"coordinator's row", "coordinator's name"},
    ),
    "companies may delete": (
        f"grant delete on {TABLE} to authenticated; "
        f"create policy gone on {TABLE} for delete to authenticated using ({OWN})",
        {"delete"},
    ),
    "companies may truncate": (f"grant truncate on {TABLE} to authenticated", {"truncate"}),
    "what Supabase gives to every new table": (OPEN, {"anon reads"}),
    "what Supabase gives to every new function": (
        f"grant execute on {MATCH} to anon",
        {"anon searches"},
    ),
    "the search acts as its owner": (
        f"alter {MATCH} security definer; alter {MATCH} owner to postgres",
        {"search", "search by their name"},
    ),
    "the company by user metadata": (
        "create or replace function orchestrator_company() returns text language sql stable as "
        "$$ select current_setting('request.jwt.claims', true)::json -> 'user_metadata' "
        "->> 'company' $$",
        {"user metadata"},
    ),
    "no trigger": (
        f"drop trigger orchestrator_memories_written on {TABLE}",
        {"become the coordinator's", "coordinator takes over", "backdate", "words kept"},
    ),
}


@pytest.fixture
def world(project, company_probes, vector):
    made = company_probes.World(project, vector)
    assert project.api  # started before anything is broken, as in a project that is at work
    return made


def test_nobody_sees_or_writes_what_is_not_theirs(world, company_probes):
    assert company_probes.leaks(world, company_probes.PROBES) == set()


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_without_one_guard_the_probes_report_a_leak(world, company_probes, breakage):
    statement, expected = BREAKAGES[breakage]
    world.project.sql(statement)
    assert company_probes.leaks(world, expected) == expected


def test_every_probe_reports_at_least_one_breakage(company_probes):
    told = set().union(*(expected for _, expected in BREAKAGES.values()))
    assert told == company_probes.PROBES.keys()


def test_a_company_reads_writes_and_removes_its_own(world):
    new = {"company": "empresa-a", "content": "sem id"}
    shown = {"Prefer": "return=representation"}
    made = world.a.post(PATH, json=new, headers=shown).json()[0]
    assert made["content"] == "sem id"
    assert {row["id"] for row in world.a.get(PATH).json()} == {"nota", "ours", made["id"]}
    gone = {"deleted_at": "now"}
    answer = world.a.patch(PATH, params={"id": f"eq.{made['id']}"}, json=gone, headers=shown)
    assert answer.json()[0]["content"] == ""


def test_a_company_searches_its_own(world):
    asked = {"query_embedding": json.loads(world.vector([1.0]))}
    found = world.a.post("/rpc/match_memories", json=asked).json()
    assert [(row["company"], row["id"]) for row in found] == [
        ("empresa-a", "nota"),
        ("empresa-a", "ours"),
    ]


def test_two_companies_use_the_same_ids(world):
    assert world.added(id="outra")
    b = world.project.rest("authenticated", "empresa-b")
    answer = b.post(PATH, json={"company": "empresa-b", "id": "outra", "content": "de b"})
    assert answer.status_code == 201


def test_the_coordinator_sees_everything(world):
    rows = world.project.rest("service_role").get(PATH).json()
    assert {(row["company"], row["id"]) for row in rows} == world.before.keys()


WORKS = {
    "orchestrator_read": lambda world: world.a.get(PATH).json() != [],
    "orchestrator_insert": lambda world: world.added(),
    "orchestrator_update": lambda world: world.patched({"title": "x"}, id="eq.nota").json() != [],
}


@pytest.mark.parametrize("policy", WORKS)
def test_what_a_company_may_do_it_may_by_one_policy(world, policy):
    assert WORKS[policy](world)
    world.restore()
    world.project.sql(f"DROP POLICY {policy} ON {TABLE}")
    assert not WORKS[policy](world)
