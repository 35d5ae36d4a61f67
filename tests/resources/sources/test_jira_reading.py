"""Issues read little by little: nothing twice, nothing lost, nothing of what the index hides."""

from __future__ import annotations

from datetime import timedelta

import pytest

from coordinator.errors import (
    SourceAbsent,
    SourceMisbehaved,
    SourceUnauthorized,
    SourceUnreachable,
)

TEXT = {
    "version": 1,
    "type": "doc",
    "content": [{"type": "paragraph", "content": [{"type": "text", "text": "It times out."}]}],
}


def fill(site, count: int = 3) -> list[str]:
    keys = []
    for number in range(count):
        keys.append(site.stand_in.add_issue("PAY", summary=f"Issue {number}", description=TEXT))
        site.clock.advance(minutes=1)
    return keys


def test_the_first_read_takes_everything(site):
    fill(site, 3)
    site.sync()
    assert site.titles() == ["Issue 0", "Issue 1", "Issue 2"]
    (row, *_) = site.rows().values()
    assert row["key"].startswith("PAY-")
    assert row["text"].strip() == "It times out."


def test_a_project_of_many_pages_is_read_to_its_end(site):
    for number in range(250):
        site.stand_in.add_issue("PAY", summary=f"Issue {number}")
    site.sync()
    assert len(site.rows()) == 250


def test_a_quiet_project_has_no_news_and_is_not_read(site):
    fill(site)
    site.sync()
    site.clock.advance(hours=1)
    assert site.news() == ""


def test_what_changed_is_news_until_it_was_read(site):
    keys = fill(site)
    site.sync()
    site.clock.advance(hours=2)
    site.stand_in.edit_issue(keys[1], summary="Changed")
    first = site.news()
    assert first
    assert site.news() == first
    site.sync()
    assert "Changed" in site.titles()
    assert site.news() == ""


def test_only_the_window_since_the_last_read_is_asked_for(site):
    keys = fill(site, 200)
    site.sync()
    site.clock.advance(hours=5)
    site.stand_in.edit_issue(keys[0], summary="Changed")
    found = site.sync()
    assert "Changed" in [*found.rows["title"]]
    # besides it only what the overlap of 15 minutes shows again
    assert len(found.rows) <= 1 + 16


def test_an_issue_indexed_late_is_not_lost(site_with):
    """The watermark is the start of the last read less an overlap, never the newest change seen."""
    late = {}
    site = site_with(index_lag=lambda id: late.get(id, timedelta()))
    fill(site, 2)
    hidden = site.stand_in.add_issue(
        "PAY", summary="Indexed late", indexed_after=timedelta(minutes=9)
    )
    site.clock.advance(minutes=1)
    shown = site.stand_in.add_issue("PAY", summary="Newer, seen at once")
    assert hidden != shown
    site.sync()
    assert "Indexed late" not in site.titles()
    site.clock.advance(minutes=10)
    assert site.news()
    site.sync()
    assert "Indexed late" in site.titles()


def test_the_window_never_moves_when_a_read_fails(site):
    keys = fill(site)
    site.sync()
    before = site.home.ledger.state("acme").cursors
    site.clock.advance(hours=1)
    site.stand_in.edit_issue(keys[0], summary="Changed")
    site.stand_in.misbehave("searchAndReconsileIssuesUsingJqlPost", "not_json")
    with pytest.raises(SourceMisbehaved):
        site.read()
    assert site.home.ledger.state("acme").cursors == before
    site.stand_in.behave()
    site.sync()
    assert "Changed" in site.titles()


def test_a_read_that_was_not_learned_from_is_news_again(site):
    fill(site)
    site.read()  # the run died behind it
    assert site.news().startswith("unfinished:")
    site.finish()
    assert site.news() == ""


def test_a_deleted_issue_leaves_with_the_census_and_not_before(site):
    keys = fill(site)
    site.sync()
    site.stand_in.delete_issue(keys[0])
    site.clock.advance(hours=1)
    assert site.news() == ""
    site.sync(census=True)
    assert site.titles() == ["Issue 1", "Issue 2"]


def test_an_issue_moved_to_another_project_leaves(site):
    site.stand_in.add_project("OTHER", readers={"bot@acme.example"})
    keys = fill(site)
    site.sync()
    site.stand_in.move_issue(keys[0], "OTHER")
    site.sync(census=True)
    assert site.titles() == ["Issue 1", "Issue 2"]


def test_what_the_index_hides_does_not_count_as_deleted(site):
    keys = fill(site)
    site.sync()
    site.clock.advance(hours=1)
    site.stand_in.edit_issue(keys[0], summary="Changed")
    site.stand_in.index_late(keys[0], timedelta(hours=3))
    site.sync(census=True)
    assert len(site.rows()) == 3


def test_what_could_not_be_read_just_now_does_not_count_as_deleted(site):
    keys = fill(site)
    site.sync()
    site.stand_in.index_late(keys[0], timedelta(hours=3))
    site.stand_in.edit_issue(keys[0], summary="Changed", indexed_after=timedelta(hours=3))
    site.stand_in.misbehave("bulkFetchIssues", "issue_errors")
    site.sync(census=True)
    assert len(site.rows()) == 3


def test_the_census_finds_what_came_with_an_old_date(site):
    fill(site)
    site.sync()
    site.clock.advance(days=2)
    site.stand_in.add_issue("PAY", summary="Imported", created=site.clock() - timedelta(days=900))
    assert site.news() == ""
    site.sync(census=True)
    assert "Imported" in site.titles()


@pytest.mark.parametrize(
    "zone", ["America/Sao_Paulo", "Asia/Kolkata", "Pacific/Kiritimati", "America/Adak"]
)
def test_the_accounts_own_time_zone_loses_nothing(site_with, zone):
    site = site_with(zone=zone)
    keys = fill(site)
    site.clock.advance(hours=1)
    site.sync()
    site.clock.advance(hours=3)
    site.stand_in.edit_issue(keys[1], summary="Changed in the meantime")
    site.clock.advance(minutes=5)
    found = site.sync()
    assert [*found.rows["title"]] == ["Changed in the meantime"]


def test_a_server_whose_clock_is_wrong_loses_nothing(site_with):
    """The server's clock counts: an hour ahead of it, ours would step over an hour of changes."""
    site = site_with(skew=timedelta(hours=-1))
    keys = fill(site)
    site.sync()
    site.clock.advance(minutes=30)
    site.stand_in.edit_issue(keys[1], summary="Changed in the meantime")
    site.sync()
    assert "Changed in the meantime" in site.titles()


def test_people_an_issue_names_are_kept_for_the_redaction(site):
    mention = {"type": "mention", "attrs": {"id": "acc-9", "text": "@Rui Prado"}}
    asked = {"version": 1, "type": "doc", "content": [{"type": "paragraph", "content": [mention]}]}
    site.stand_in.add_issue("PAY", summary="Ask", description=asked, reporter="Dora Alves")
    site.sync()
    (row,) = site.rows().values()
    assert {"Rui Prado", "Dora Alves"} <= set(row["people"])


def test_comments_and_status_changes_are_read_where_the_settings_ask(site):
    site.settings(jira=site.jira(comments=True, changelog=True))
    key = site.stand_in.add_issue(
        "PAY", summary="With words", comments=[f"Comment {n}" for n in range(30)]
    )
    site.clock.advance(days=1)
    site.stand_in.edit_issue(key, status="Done")
    site.sync()
    (row,) = site.rows().values()
    assert [f"Comment {n}" in row["comments"] for n in range(30)] == [True] * 30
    assert "To Do → Done" in row["history"]


def test_without_the_settings_comments_are_not_read(site):
    site.stand_in.add_issue("PAY", summary="With words", comments=["private words"])
    site.sync()
    (row,) = site.rows().values()
    assert (row["comments"], row["history"]) == ("", "")


def test_other_settings_read_everything_again(site):
    fill(site)
    site.sync()
    site.settings(jira=site.jira(comments=True))
    assert site.news().startswith("all:")


def test_a_source_that_is_not_configured_any_more_is_emptied_once(site):
    fill(site)
    site.sync()
    site.settings(jira=None)
    assert site.news() == "off"
    site.sync()
    assert site.rows() == {}
    assert site.news() == ""


def test_a_lost_table_is_read_again(site):
    fill(site)
    site.sync()
    site.home.companies.instance("acme").tables().drop("jira_issues")
    assert site.news().startswith("all:")
    site.sync()
    assert len(site.rows()) == 3


def test_what_the_coordinator_published_is_not_read_back(site):
    key = site.stand_in.add_issue("PAY", summary="Ours", labels=["orch-0123456789abcdef0123"])
    fill(site)
    site.sync()
    assert "Ours" not in site.titles()
    site.clock.advance(hours=1)
    site.stand_in.edit_issue(key, summary="Ours, changed")
    assert site.news() == ""


# -- what cannot be read is never empty --------------------------------------------------------


def test_a_project_that_is_not_there_for_the_account_is_absent_and_not_empty(site):
    fill(site)
    site.sync()
    site.stand_in.add_project("PAY", readers={"somebody@else.example"})
    with pytest.raises(SourceAbsent):
        site.read(census=True)
    assert len(site.rows()) == 3


def test_a_refused_token_says_what_to_do(site, monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", "expired")
    with pytest.raises(SourceUnauthorized) as caught:
        site.read()
    assert "ACME_TOKEN" in str(caught.value)
    assert "365 days" in str(caught.value)
    assert "expired" not in str(caught.value)


def test_a_missing_token_is_named(site, monkeypatch):
    monkeypatch.delenv("ACME_TOKEN")
    with pytest.raises(SourceUnauthorized, match="ACME_TOKEN is not set"):
        site.read()


@pytest.mark.parametrize(
    "how",
    ["not_json", "wrong_types", "missing_fields", "repeated_token", "not_last_without_token"],
)
def test_an_answer_that_breaks_the_specification_is_an_error_and_never_an_end(site, how):
    fill(site, 250)
    site.stand_in.misbehave("searchAndReconsileIssuesUsingJqlPost", how)
    with pytest.raises(SourceMisbehaved):
        site.read()
    assert site.rows() == {}


def test_a_redirect_to_another_host_is_not_followed(site):
    fill(site)
    site.stand_in.misbehave("searchAndReconsileIssuesUsingJqlPost", "redirect")
    with pytest.raises(SourceUnreachable, match="redirect"):
        site.read()


def test_a_scoped_token_works_by_the_sites_cloud_id(site_with):
    site = site_with(scoped=True)
    fill(site)
    site.sync()
    assert len(site.rows()) == 3
    assert any("/ex/jira/" in target for target in site.calls)


def test_hostile_words_stay_words(site):
    bad = {"type": "text", "text": "<script>alert(1)</script> \u202eevil\x07"}
    document = {
        "version": 1,
        "type": "doc",
        "content": [{"type": "neverHeardOf", "content": [bad]}],
    }
    site.stand_in.add_issue("PAY", summary="<img src=x onerror=alert(1)>", description=document)
    site.sync()
    (row,) = site.rows().values()
    assert "alert(1)" in row["text"]
    assert "\u202e" not in row["text"]
    assert "\x07" not in row["text"]
