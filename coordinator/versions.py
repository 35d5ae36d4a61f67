"""What a company's rows were computed from: the versions that tell done work from work to do.

Each source of truth has a version of its own, recorded with the tables read from it. What is
learned from all of them has a version made of theirs. A source's cursor moves when its tables and
everything learned from them are of the versions that belong together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from coordinator import by_hand, rules
from coordinator.ledger.company_events import Source
from coordinator.ledger.company_state import CompanyState

SOURCE_ASSETS: Mapping[Source, tuple[str, ...]] = {
    "git": ("git_commits", "local_docs", "company_components"),
    "jira": ("jira_issues",),
    "confluence": ("confluence_pages",),
    "supabase": ("supabase_memories",),
}
"""The assets that are read from each source, in their order."""

MEMORY_ASSETS = ("learnings", "private_memory", "instance_context")
"""What is made of all sources together, in its order."""


def sync_version(head: str, settings_hash: str, state: CompanyState) -> str:
    """The version of everything a sync of the repository reads: the head, then a digest.

    The digest is of settings, rules, and what `state` says was written by hand.
    """
    return f"{head}+{_digest(settings_hash, rules.CATALOG, *_beside(state))}"


def head_of(version: str) -> str:
    """The head inside a sync version."""
    return version.partition("+")[0]


def memory_version(settings_hash: str, state: CompanyState) -> str:
    """The version of what is learned: of settings, rules, words by hand, and every source's."""
    read = [
        f"{asset}={state.assets[asset].input_version}"
        for assets in SOURCE_ASSETS.values()
        for asset in assets
        if asset in state.assets
    ]
    return _digest(settings_hash, *_beside(state), *read)


def source_version(source: Source, state: CompanyState) -> str:
    """The version all tables of a source were read from; empty while they are of several."""
    versions = {
        state.assets[asset].input_version if asset in state.assets else ""
        for asset in SOURCE_ASSETS[source]
    }
    return versions.pop() if len(versions) == 1 else ""


def complete_sources(settings_hash: str, state: CompanyState) -> dict[Source, str]:
    """The sources whose tables, and all that is learned from them, are up to date, and as what.

    Without this, materializing the last asset alone would move a cursor over work not done.
    """
    wanted = memory_version(settings_hash, state)
    learned = all(
        asset in state.assets and state.assets[asset].input_version == wanted
        for asset in MEMORY_ASSETS
    )
    versions = {source: source_version(source, state) for source in SOURCE_ASSETS}
    return {source: version for source, version in versions.items() if learned and version}


def _beside(state: CompanyState) -> tuple[str, ...]:
    return tuple(filter(None, (rules.LEARNINGS, by_hand.version(state))))


def _digest(*parts: str) -> str:
    return hashlib.sha256(":".join(parts).encode()).hexdigest()[:12]
