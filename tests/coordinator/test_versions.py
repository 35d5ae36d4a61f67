"""What belongs together: the versions of sources, of what is learned, and their completeness."""

from __future__ import annotations

from coordinator.ledger.company_state import AssetState, CompanyState
from coordinator.versions import (
    MEMORY_ASSETS,
    SOURCE_ASSETS,
    complete_sources,
    memory_version,
    source_version,
)

SETTINGS = "settings"


def read(**versions: str) -> CompanyState:
    return CompanyState(
        assets={name: AssetState(version, "", 0) for name, version in versions.items()}
    )


def learned(**versions: str) -> CompanyState:
    """What was read as `versions`, with everything learned from it."""
    version = memory_version(SETTINGS, read(**versions))
    return read(**versions, **dict.fromkeys(MEMORY_ASSETS, version))


def test_a_source_has_a_version_while_all_its_tables_are_of_it() -> None:
    git = dict.fromkeys(SOURCE_ASSETS["git"], "v1")
    assert source_version("git", read(**git)) == "v1"
    assert source_version("git", read(**git | {"local_docs": "v0"})) == ""
    del git["local_docs"]
    assert source_version("git", read(**git)) == ""
    assert source_version("jira", CompanyState()) == ""


def test_what_is_learned_depends_on_every_source_and_the_settings() -> None:
    one = memory_version(SETTINGS, read(git_commits="v1", jira_issues="j1"))
    assert one != memory_version(SETTINGS, read(git_commits="v2", jira_issues="j1"))
    assert one != memory_version(SETTINGS, read(git_commits="v1", jira_issues="j2"))
    assert one != memory_version(SETTINGS, read(git_commits="v1"))
    assert one != memory_version("others", read(git_commits="v1", jira_issues="j1"))


def test_sources_are_complete_when_what_is_learned_is_of_them_all() -> None:
    git = dict.fromkeys(SOURCE_ASSETS["git"], "v1")
    assert complete_sources(SETTINGS, learned(**git, jira_issues="j1")) == {
        "git": "v1",
        "jira": "j1",
    }
    assert complete_sources(SETTINGS, read(**git)) == {}
    assert complete_sources("others", learned(**git)) == {}


def test_one_asset_of_what_is_learned_that_is_behind_completes_nothing() -> None:
    whole = learned(jira_issues="j1")
    for asset in MEMORY_ASSETS:
        behind = dict(whole.assets) | {asset: AssetState("before", "", 0)}
        assert complete_sources(SETTINGS, CompanyState(assets=behind)) == {}
