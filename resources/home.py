"""The coordinator's home (`ORCH_HOME`): opens it and composes what works on it."""

from __future__ import annotations

import os
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from coordinator.errors import UsageError
from coordinator.settings import CoordinatorSettings, EmbeddingSettings, dump, parse_coordinator
from resources.companies import Companies
from resources.files import make_folder, read_settings_text, write_text
from resources.ledger import Ledger

if TYPE_CHECKING:
    from coordinator.settings import Atlassian, SupabaseTarget
    from resources.approvals import Approvals
    from resources.atlassian import Site
    from resources.atlassian.site import Product
    from resources.by_hand import ByHand
    from resources.company_view import CompanyView
    from resources.embedding import SentenceEmbedder, TokenCounter
    from resources.global_memory import GlobalMemory
    from resources.http import Lanes
    from resources.insights import Insights
    from resources.memory import PrivateMemory
    from resources.opportunities import Opportunities
    from resources.patterns import Patterns
    from resources.publishing.publishing import Publishing
    from resources.publishing.pushing import Pushing
    from resources.sources.sources import Sources
    from resources.supabase import MemoryTable
    from resources.tables import Tables

SETTINGS_FILE = "orch.yaml"
DEFAULT_HOME = ".orch"

DAGSTER_SETTINGS = """\
# Written by `orch init`; yours to change. See docs/operations.md.
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 4
    # one run per company at a time; other companies go on
    tag_concurrency_limits:
      - key: dagster/partition
        value:
          applyLimitPerUniqueValue: true
        limit: 1
run_monitoring:
  enabled: true
run_retries:
  enabled: true
  max_retries: 2
  # a failed asset is tried again by the sensor, which waits longer each time
  retry_on_asset_or_op_failure: false
"""


def home_path(path: Path | str | None = None) -> Path:
    """The home meant by `path`, else by ORCH_HOME, else ``./.orch``; absolute. UsageError."""
    given = Path(path or os.environ.get("ORCH_HOME") or DEFAULT_HOME)
    try:
        return given.expanduser().absolute()
    except RuntimeError:
        raise UsageError(f"{given} names a user that does not exist here") from None


PARTS = ("instances", "dagster", "global", "samples", "ledger.", "orch.yaml", ".orch.yaml.")


def _refuse_foreign(folder: Path) -> None:
    """UsageError when `folder` holds something that is no part of a home: it would be closed."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    foreign = [name for name in names if not name.startswith(PARTS)]
    if foreign:
        raise UsageError(
            f"{folder} is not empty and no coordinator home",
            hint="name an empty or new folder with --home or ORCH_HOME",
        )


class Home:
    """One coordinator: its settings, ledger, companies and their memories.

    `Home.open()` raises UsageError when there is no home yet. Everything is opened on first use,
    so that a command pays only for what it touches.
    """

    def __init__(self, path: Path, actor: str | None = None, *, i_know: bool = False) -> None:
        self.path = path
        self.i_know = i_know or os.environ.get("ORCH_I_KNOW") == "1"
        self.actor = actor or os.environ.get("ORCH_ACTOR") or os.environ.get("USER") or "system"

    @classmethod
    def open(
        cls, path: Path | str | None = None, *, actor: str | None = None, i_know: bool = False
    ) -> Home:
        """Open the home; `actor` signs what is decided (default: ORCH_ACTOR, else USER).

        With `i_know` a ledger that somebody found damaged is used nevertheless, and that recorded.
        """
        where = home_path(path)
        if not (where / SETTINGS_FILE).exists():
            raise UsageError(
                f"there is no coordinator home at {where}",
                hint="`orch init` makes one here, ORCH_HOME names another place",
            )
        return cls(where, actor, i_know=i_know)

    @classmethod
    def init(cls, path: Path | str | None = None, *, embedding: EmbeddingSettings) -> Home:
        """Make a home; an existing one is opened and left as it is."""
        home = cls(home_path(path))
        if (home.path / SETTINGS_FILE).exists():
            return home
        _refuse_foreign(home.path)
        for folder in (home.path, home.instances_folder, home.dagster_folder):
            make_folder(folder)
        write_text(home.dagster_folder / "dagster.yaml", DAGSTER_SETTINGS)
        home.ledger.record_initialization(embedding.model)
        write_text(home.path / SETTINGS_FILE, dump(CoordinatorSettings(embedding=embedding)))
        return home

    @property
    def instances_folder(self) -> Path:
        return self.path / "instances"

    @property
    def dagster_folder(self) -> Path:
        return self.path / "dagster"

    @property
    def global_folder(self) -> Path:
        return self.path / "global"

    @cached_property
    def settings(self) -> CoordinatorSettings:
        file = self.path / SETTINGS_FILE
        return parse_coordinator(read_settings_text(file), file=str(file))

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger ORCH_LEDGER_URL names, else `ledger.db`; its anchors stand in the home."""
        ledger = self.open_ledger(i_know=self.i_know)
        if self.i_know:
            ledger.acknowledge_damage()
        return ledger

    def verify_ledger(self) -> None:
        """Before long work: verify the ledger if that is quick, unless damage is known."""
        if not self.i_know:
            self.ledger.verify_when_quick()

    def open_ledger(self, *, i_know: bool) -> Ledger:
        """The ledger, opened for the caller to close; with `i_know` even when it is damaged."""
        url = os.environ.get("ORCH_LEDGER_URL") or self.path / "ledger.db"
        return Ledger.open(url, folder=self.path, actor=self.actor, i_know=i_know)

    @cached_property
    def companies(self) -> Companies:
        return Companies(
            self.instances_folder,
            self.ledger,
            # opened when a company goes, not with the list of companies
            forget=lambda *gone: self.global_memory.retract_company(*gone),  # noqa: PLW0108
        )

    @cached_property
    def embedder(self) -> SentenceEmbedder:
        from resources.embedding import SentenceEmbedder

        return SentenceEmbedder(self.settings.embedding)

    @cached_property
    def tokens(self) -> TokenCounter:
        """Counts the embedding model's tokens without loading the model."""
        from resources.embedding import TokenCounter

        return TokenCounter(self.settings.embedding)

    def memory(self, company: str) -> PrivateMemory:
        """The private memory of `company`: its own rows and no others."""
        from resources.memory import PrivateMemory

        return PrivateMemory(
            company,
            self.companies.instance(company).tables(),
            lambda: self.embedder,
            embedding=self.settings.embedding,
            search=self.settings.search,
        )

    @cached_property
    def by_hand(self) -> ByHand:
        """Learnings and components people wrote or declared themselves."""
        from resources.by_hand import ByHand

        return ByHand(self)

    @cached_property
    def approvals(self) -> Approvals:
        """The inbox of everything that waits for a person."""
        from resources.approvals import Approvals

        return Approvals(self)

    @cached_property
    def global_memory(self) -> GlobalMemory:
        """The copies companies agreed to share."""
        from resources.global_memory import GlobalMemory

        return GlobalMemory(self)

    @cached_property
    def patterns(self) -> Patterns:
        """What several companies have in common."""
        from resources.patterns import Patterns

        return Patterns(self)

    @cached_property
    def opportunities(self) -> Opportunities:
        """What one company has and another needs."""
        from resources.opportunities import Opportunities

        return Opportunities(self)

    @cached_property
    def insights(self) -> Insights:
        """What is told of patterns and offers."""
        from resources.insights import Insights

        return Insights(self)

    @cached_property
    def lanes(self) -> Lanes:
        """The lanes every call to another host goes through: those of this process."""
        from resources.http import process_lanes

        return process_lanes()

    def site(self, owner: str, settings: Atlassian, product: Product) -> Site:
        """The account of `owner` (a company, or the coordinator) on its Atlassian site."""
        from resources.atlassian import Site

        return Site(settings, product, owner=owner, lanes=self.lanes)

    def supabase(self, company: str, settings: SupabaseTarget) -> MemoryTable:
        """The table of memories in a company's Supabase project; "": of copies in our own.

        Raises SourceUnauthorized when its key is not in the environment.
        """
        from resources.publishing.places import COORDINATOR
        from resources.supabase import open_supabase

        return open_supabase(
            settings,
            client=partial(self.lanes.client, company or COORDINATOR, "supabase", settings),
            environ=os.environ,
            company=company or None,
        )

    @cached_property
    def sources(self) -> Sources:
        """Jira, Confluence and Supabase of the companies, read little by little."""
        from resources.sources.sources import Sources

        return Sources(self)

    @cached_property
    def publishing(self) -> Publishing:
        """What is published where."""
        from resources.publishing.publishing import Publishing

        return Publishing(self)

    @cached_property
    def pushing(self) -> Pushing:
        """What is pushed to Supabase."""
        from resources.publishing.pushing import Pushing

        return Pushing(self)

    def view(self, company: str, *, surface: str) -> CompanyView:
        """Everything `company` may see and do, and nothing else; `surface` is what shows it."""
        from resources.company_view import CompanyView

        return CompanyView(self, company, surface=surface)

    def global_tables(self) -> Tables:
        """The coordinator's own LanceDB database: what spans companies, for the operator alone."""
        from resources.tables import Tables

        return Tables(self.global_folder)

    def close(self) -> None:
        if "ledger" in self.__dict__:
            self.ledger.close()

    def __enter__(self) -> Home:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
