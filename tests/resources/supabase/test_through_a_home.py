"""Supabase as a home uses it: memories of others read, its own pushed, by REST and by Postgres."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from coordinator.errors import OrchError, SourceUnauthorized
from orch_dagster.definitions import definitions_for
from resources.doctor.published import published
from resources.publishing.pushing import PushReport
from resources.sources.checking import check
from resources.supabase import Pushed, push

WORDS = "Rotate the kryptonplatypus token hourly, because the acquirer forgets sessions."
OTHERS = "Close the sessions in a finally block: the pool ran dry under load each evening."


# -- reading ---------------------------------------------------------------------------------


def test_what_somebody_else_writes_is_news_until_it_is_read(bureau):
    assert bureau.poll().news.startswith("all:")
    bureau.project.remember("acme", "m1", OTHERS)
    bureau.project.remember("umbrella", "m2", "words of another company")
    assert bureau.read() == ["m1"]
    assert bureau.poll().news == ""
    bureau.project.remember("acme", "m3", WORDS)
    assert bureau.poll().news
    assert set(bureau.read()) == {"m1", "m3"}  # the window overlaps
    bureau.project.sql("UPDATE orchestrator_memories SET deleted_at = now() WHERE id = 'm1'")
    assert bureau.poll().news
    bureau.read()
    assert set(bureau.tables.ids("supabase_memories")) == {"m3"}
    assert bureau.poll().news == ""
    bureau.project.sql("DELETE FROM orchestrator_memories WHERE id = 'm3'")
    bureau.read(census=True)
    assert bureau.tables.ids("supabase_memories") == {}


def test_what_was_pushed_is_not_read_back_nor_what_was_read_pushed(bureau):
    bureau.project.remember("acme", "m1", OTHERS)
    mine = bureau.learn()
    assert bureau.push().pushed == Pushed(1, 0)
    assert bureau.read(census=True) == ["m1"]
    assert bureau.stands() == {mine: WORDS}


def test_a_company_whose_key_is_missing_says_so_and_stops_no_other(bureau, monkeypatch):
    for name in ("ACME_KEY", "ACME_URL"):
        monkeypatch.delenv(name)
    assert "is not set" in bureau.poll().error
    with pytest.raises(SourceUnauthorized, match="is not set"):
        bureau.read()
    found = list(check(bureau.home, ["acme"], coordinator=True))
    assert {one.company for one in found} == {"acme", "the coordinator"}
    assert all(one.level == "failure" and "is not set" in one.said for one in found)


def test_a_check_says_what_works(bureau):
    found = list(check(bureau.home, ["acme"], coordinator=True))
    assert {one.level for one in found} == {"ok"}
    assert "supabase: table" in {one.what for one in found}
    bureau.project.sql("DROP TABLE orchestrator_global_memory")
    broken = [
        one for one in check(bureau.home, ["acme"], coordinator=True) if one.level == "failure"
    ]
    assert [(one.company, one.what) for one in broken] == [("the coordinator", "supabase: table")]


# -- a company's own memory ------------------------------------------------------------------


def test_a_companys_memory_is_pushed_once_and_follows_what_changes(bureau):
    assert not bureau.is_due()  # nothing learned yet
    first, second = bureau.learn(), bureau.learn(OTHERS)
    assert bureau.is_due()
    assert bureau.push() == PushReport(Pushed(2, 0), rows=2)
    assert not bureau.is_due()
    before = bureau.project.versions("orchestrator_memories")
    assert bureau.push().pushed == Pushed(0, 0)
    assert bureau.project.versions("orchestrator_memories") == before
    [(embedded,)] = bureau.project.sql("SELECT count(embedding) FROM orchestrator_memories")
    assert embedded == 2
    bureau.home.by_hand.remove_learning("acme", second, reason="over")
    assert bureau.is_due()
    assert bureau.push().pushed == Pushed(0, 1)
    assert bureau.stands() == {first: WORDS}


def test_a_copy_nobody_asks_for_any_more_is_taken_back(bureau):
    bureau.learn()
    bureau.push()
    bureau.settings(push=False)
    assert bureau.is_due()
    assert bureau.push().pushed == Pushed(0, 1)
    assert bureau.stands() == {}
    assert not bureau.is_due()


def test_nothing_is_pushed_unasked(bureau):
    bureau.settings(push=False)
    bureau.learn()
    assert not bureau.is_due()
    assert bureau.push().pushed == Pushed(0, 0)
    assert bureau.stands() == {}
    assert list(bureau.home.ledger.read(stream="outbox:supabase:acme")) == []


def test_what_others_change_of_a_copy_is_mended_within_a_day(bureau):
    mine = bureau.learn()
    bureau.push()
    bureau.project.sql("UPDATE orchestrator_memories SET content = 'other words'")
    assert not bureau.is_due()
    bureau.now += timedelta(days=1)
    assert bureau.is_due()
    assert bureau.push().pushed == Pushed(1, 0)
    assert bureau.stands() == {mine: WORDS}


def test_a_project_that_refuses_is_tried_again_later_each_time(bureau):
    mine = bureau.learn()
    bureau.project.sql("REVOKE ALL ON orchestrator_memories FROM service_role")
    for times in (1, 2, 3):
        report = bureau.push()
        assert report.pushed is None
        assert "may not do that" in report.problem
        assert not bureau.is_due()
        bureau.now += timedelta(minutes=2 ** (times - 1))
        assert bureau.is_due()
    assert "refused 3 times" in bureau.said()["pushed to supabase of acme"]
    bureau.project.sql("GRANT ALL ON orchestrator_memories TO service_role")
    assert bureau.push().pushed == Pushed(1, 0)
    assert bureau.stands() == {mine: WORDS}
    assert bureau.said()["pushed to supabase of acme"] == "ok: 1 rows stand there"


def test_a_push_that_died_is_known_and_ended_by_the_next(bureau, monkeypatch):
    mine = bureau.learn()

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("resources.publishing.pushing.push", dies)
        with pytest.raises(KeyboardInterrupt):
            bureau.push()
    assert bureau.said()["pushed to supabase of acme"] == "warning: a push was not finished"
    assert bureau.is_due()
    assert bureau.push().pushed == Pushed(1, 0)
    assert bureau.stands() == {mine: WORDS}


def test_what_a_dead_push_may_have_written_goes_even_when_it_is_forgotten_again(
    bureau, monkeypatch
):
    bureau.learn()
    bureau.push()
    other = bureau.learn(OTHERS)

    def dies(*given: Any) -> None:
        push(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("resources.publishing.pushing.push", dies)
        with pytest.raises(KeyboardInterrupt):
            bureau.push()
    bureau.home.by_hand.remove_learning("acme", other, reason="over")
    assert OTHERS in bureau.stands().values()
    assert bureau.is_due()
    assert bureau.push().pushed == Pushed(0, 1)
    assert OTHERS not in bureau.stands().values()


def test_rows_where_the_settings_pointed_before_are_told(bureau):
    bureau.learn()
    bureau.push()
    bureau.settings(schema="elsewhere")
    found = [one for one in published(bureau.home) if one.level == "warning"]
    assert [one.said for one in found] == ["1 rows stand where the settings pointed before"]


def test_one_process_at_a_time_pushes_to_a_project(bureau):
    from resources.publishing.alone import alone

    bureau.learn()
    with (
        alone(bureau.home.global_folder, "outbox:supabase:acme", "acme"),
        pytest.raises(OrchError, match="another process is publishing to supabase of acme"),
    ):
        bureau.push()
    assert bureau.push().pushed == Pushed(1, 0)


# -- what companies agreed to share ----------------------------------------------------------


def test_shared_copies_are_pushed_and_taken_back_with_their_words(bureau):
    assert not bureau.is_due("")
    copy = bureau.share()
    assert bureau.is_due("")
    assert bureau.home.global_memory.would_retract(copy).published == ()
    assert bureau.push("").pushed == Pushed(1, 0)
    assert bureau.stands("orchestrator_global_memory") == {copy: WORDS}
    [row] = bureau.project.sql(
        "SELECT shared, source_instance, metadata::text, embedding IS NOT NULL "
        "FROM orchestrator_global_memory"
    )
    assert (row[0], row[1], row[3]) == (True, "acme", True)
    assert "Owner" not in row[2]  # who agreed is nobody else's business
    told = bureau.home.global_memory.retract(copy, reason="over", by="Owner of acme")
    assert told.published == (bureau.place("").address,)
    assert bureau.is_due("")
    assert bureau.push("").pushed == Pushed(0, 1)
    assert bureau.stands("orchestrator_global_memory") == {}
    [(words,)] = bureau.project.sql("SELECT content FROM orchestrator_global_memory")
    assert words == ""


def test_a_table_somebody_changed_by_hand_is_not_what_goes_out(bureau):
    copy = bureau.share()
    table = bureau.home.global_memory.index.table
    rows, schema = table.tables.read("global_memory"), table.tables.schema("global_memory")
    forged = rows.assign(content="words nobody agreed to", search_text="x")
    table.tables.upsert("global_memory", forged, schema=schema)
    extra = forged.assign(id="g-" + "0" * 16, content="a secret of acme")
    table.tables.upsert("global_memory", extra, schema=schema)
    bureau.push("")
    assert bureau.stands("orchestrator_global_memory") == {copy: WORDS}


def test_a_plan_says_what_a_push_would_do_and_does_nothing(bureau):
    copy = bureau.share()
    plan = bureau.pushing.plan(bureau.place(""))
    assert plan is not None
    assert ([row["id"] for row in plan.upsert], plan.retract) == ([copy], ())
    assert bureau.stands("orchestrator_global_memory") == {}


# -- the jobs --------------------------------------------------------------------------------


def test_the_jobs_learn_what_others_wrote_and_push_what_is_known(bureau):
    with dg.DagsterInstance.ephemeral() as dagster:
        dagster.add_dynamic_partitions("company", ["acme"])
        definitions = definitions_for(str(bureau.home.path))

        def run(job: str, company: str | None) -> Any:
            return definitions.resolve_job_def(job).execute_in_process(
                instance=dagster,
                partition_key=company,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                raise_on_error=False,
            )

        copy = bureau.share()
        bureau.project.remember("acme", "m1", OTHERS, title="Pool", category="best_practice")
        assert run("sync_supabase", "acme").success
        held = bureau.tables.read("learnings")
        [learned] = held[held["source"] == "supabase"].to_dict("records")
        assert (learned["title"], learned["category"]) == ("Pool", "best_practice")
        assert bureau.poll().news == ""
        assert run("push_memory", "acme").success
        assert set(bureau.stands().values()) == {WORDS}
        assert run("publish", None).success
        assert bureau.stands("orchestrator_global_memory") == {copy: WORDS}
        bureau.project.sql("REVOKE ALL ON orchestrator_global_memory FROM service_role")
        failed = run("publish", None)
        assert not failed.success
        [failure] = [one for one in failed.all_events if one.event_type_value == "STEP_FAILURE"]
        assert failure.step_key == "supabase_global_memory"
