"""The migrations: on a fresh project, once, twice, and in another schema."""

from __future__ import annotations

from pathlib import Path

import psycopg2
import pytest

from coordinator.supabase.checking import schema_checked
from coordinator.supabase.tables import COMPANY, GLOBAL

ROOT = Path(__file__).parents[3]
FOLDERS = ("company", "global")
SHAPES = {"company": COMPANY, "global": GLOBAL}

EVERYTHING = """
SELECT 'table', relname::text, relacl::text, concat(relrowsecurity, relforcerowsecurity)
FROM pg_class WHERE relname LIKE 'orchestrator%'
UNION ALL SELECT 'column', attrelid::regclass::text || '.' || attname,
  format_type(atttypid, atttypmod), concat(attnotnull, pg_get_expr(adbin, adrelid))
FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attrelid::regclass::text LIKE 'orchestrator%' AND attnum > 0
UNION ALL SELECT 'constraint', conname::text, pg_get_constraintdef(oid), ''
FROM pg_constraint WHERE conrelid::regclass::text LIKE 'orchestrator%'
UNION ALL SELECT 'function', oid::regprocedure::text, pg_get_functiondef(oid), proacl::text
FROM pg_proc WHERE proname LIKE 'orchestrator%' OR proname LIKE 'match%memor%'
UNION ALL SELECT 'policy', concat(tablename, policyname, cmd, roles), qual, with_check
FROM pg_policies
UNION ALL SELECT 'trigger', tgname::text, pg_get_triggerdef(oid), tgenabled::text
FROM pg_trigger WHERE NOT tgisinternal
ORDER BY 1, 2, 3, 4
"""


def test_running_them_again_changes_nothing_and_keeps_the_rows(project, run_migrations):
    project.remember("empresa-a", "m1", "words")
    project.sql("CREATE POLICY more ON orchestrator_memories FOR SELECT TO anon USING (false)")
    before = project.sql(EVERYTHING)
    versions = project.versions("orchestrator_memories")
    assert len(before) > 60
    for _ in range(2):
        run_migrations(project, *FOLDERS)
        assert project.sql(EVERYTHING) == before
    assert project.versions("orchestrator_memories") == versions


def test_running_them_again_puts_back_what_somebody_took_away(project, run_migrations):
    before = project.sql(EVERYTHING)
    for table in ("orchestrator_memories", "orchestrator_global_memory"):
        project.sql(
            f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;"
            f"GRANT ALL ON {table} TO anon, authenticated;"
            f"ALTER POLICY orchestrator_read ON {table} TO public USING (true);"
            f"DROP POLICY orchestrator_update ON {table};"
            f"DROP TRIGGER {table}_written ON {table};"
        )
    project.sql(
        "ALTER FUNCTION match_memories SECURITY DEFINER; GRANT EXECUTE ON FUNCTION "
        "match_memories, orchestrator_now TO public; ALTER FUNCTION orchestrator_company SECURITY "
        "DEFINER"
    )
    assert project.sql(EVERYTHING) != before
    run_migrations(project, *FOLDERS)
    assert project.sql(EVERYTHING) == before


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_project_needs_only_its_own_folder(fresh_project, run_migrations, folder):
    run_migrations(fresh_project, folder)
    ((found,),) = fresh_project.sql("SET ROLE service_role; SELECT orchestrator_schema()")
    assert list(found["tables"]) == [SHAPES[folder].name]
    assert [one.level for one in schema_checked(found, SHAPES[folder])] == ["ok", "ok"]


def test_the_columns_are_those_the_coordinator_knows(project):
    ((found,),) = project.sql("SET ROLE service_role; SELECT orchestrator_schema()")
    for shape in SHAPES.values():
        assert found["tables"][shape.name]["columns"] == shape.columns


@pytest.mark.parametrize("way", ["rest", "postgres"])
@pytest.mark.parametrize("company", ["empresa-a", None])
def test_another_schema_is_named_in_one_line(fresh_project, run_migrations, way, company):
    run_migrations(fresh_project, *FOLDERS, schema="team")
    table = fresh_project.open(way, company, schema="team")
    assert {one.level for one in table.check()} == {"ok"}
    assert table.stored() == {}
    policies = fresh_project.sql("SELECT schemaname, count(*) FROM pg_policies GROUP BY 1")
    assert policies == [("team", 6)]


def test_pgvector_in_another_schema_is_told_and_not_worked_around(fresh_project, run_migrations):
    fresh_project.sql(
        "DROP EXTENSION vector; CREATE SCHEMA odd; CREATE EXTENSION vector WITH SCHEMA odd"
    )
    with pytest.raises(psycopg2.errors.RaiseException, match="search path") as refused:
        run_migrations(fresh_project, "company")
    assert "alter extension vector set schema extensions" in str(refused.value)


@pytest.mark.parametrize("version", ["0.7.4", "0.5"])
def test_a_pgvector_without_iterative_scans_is_refused(fresh_project, run_migrations, version):
    fresh_project.sql("UPDATE pg_extension SET extversion = %s WHERE extname = 'vector'", [version])
    with pytest.raises(psycopg2.errors.RaiseException, match=r"older than 0\.8"):
        run_migrations(fresh_project, "global")


def test_both_folders_stand_on_the_same_foundation():
    one, other = (
        (ROOT / "deploy/supabase" / folder / "0001_foundation.sql").read_bytes()
        for folder in FOLDERS
    )
    assert one == other


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_sets_its_path_and_lets_go_of_it(folder):
    for file in (ROOT / "deploy/supabase" / folder).glob("*.sql"):
        text = file.read_text()
        assert text.count("set search_path = public, extensions, pg_temp;") == 1
        assert text.rstrip().endswith("reset search_path;")
