"""Where Jira, Confluence and Supabase are, who reads them, and what may be published there.

A target is a place something may be written to, a source one that is read besides. Tokens and keys
are named by environment variable and never stand here.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from coordinator.settings.fields import (
    Category,
    EnvName,
    Flag,
    Folder,
    Model,
    Number,
    OneLine,
    Origin,
)

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
ProjectKey = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{1,99}$")]
SpaceKey = Annotated[str, Field(pattern=r"^~?[A-Za-z0-9]{1,255}$")]
CloudId = Annotated[str, Field(pattern=r"^[0-9a-fA-F-]{8,64}$")]
Identifier = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]


class Remote(Model):
    """What every service over HTTP has: how often, how long, and whether it may be this machine."""

    requests_per_second: Number = Field(5, gt=0, le=100, description="calls per second, on average")
    concurrency: Literal[1, 2] = Field(2, description="calls at a time: 1 or 2")
    timeout_s: Number = Field(30, gt=0, le=600, description="bound on one whole call, seconds")
    loopback: Flag = Field(
        False, description="development only: the host may be this machine, over http"
    )

    def _check_host(self, url: str) -> None:
        parts = urlsplit(url)
        local = parts.hostname in LOOPBACK
        if local and not self.loopback:
            raise ValueError("is this machine: that takes `loopback: true`, for development only")
        if parts.scheme != "https" and not local:
            raise ValueError("must be https://")


class Atlassian(Remote):
    """An Atlassian Cloud site and the account that works there."""

    site: Origin = Field(description="https://NAME.atlassian.net")
    email: OneLine = Field(description="e-mail of the account the token belongs to")
    token_env: EnvName = Field(description="environment variable that holds the API token")
    scoped: Flag = Field(False, description="the token has scopes: it works only by cloud id")
    cloud_id: CloudId | None = Field(
        None, description="the site's cloud id; empty: asked from the site"
    )
    token_expires: date | None = Field(None, description="the token's last day, to be warned of")

    @model_validator(mode="after")
    def _reachable(self) -> Atlassian:
        self._check_host(self.site)
        return self


class JiraTarget(Atlassian):
    """A Jira project something may be published to."""

    project: ProjectKey = Field(description="the project's key")
    issue_type: OneLine = Field("Task", min_length=1, description="type of issues made here")
    publish: tuple[Category, ...] = Field(
        (), description="categories of shared learnings that become issues"
    )


class JiraSettings(JiraTarget):
    """A company's Jira project, watched."""

    read: Flag = Field(True, description="learn from its issues")
    comments: Flag = Field(False, description="read comments too")
    changelog: Flag = Field(False, description="read how issues changed their status too")


class ConfluenceTarget(Atlassian):
    """A Confluence space something may be published to."""

    space: SpaceKey = Field(description="the space's key")
    publish: tuple[Category, ...] = Field(
        (), description="categories of shared learnings that become pages"
    )


class ConfluenceSettings(ConfluenceTarget):
    """A company's Confluence space, watched."""

    read: Flag = Field(True, description="learn from its pages")
    comments: Flag = Field(False, description="read comments too")
    docs: Folder = Field("", description="folder of the repository kept as pages; empty: none")


class SupabaseTarget(Remote):
    """A Supabase project, by its REST interface or as a Postgres database."""

    url: Origin | None = Field(None, description="https://PROJECT.supabase.co")
    key_env: EnvName | None = Field(None, description="environment variable that holds the key")
    database_url_env: EnvName | None = Field(
        None, description="environment variable with a postgresql:// URL, instead of url and key"
    )
    db_schema: Identifier = Field("public", alias="schema", description="schema of the table")

    @model_validator(mode="after")
    def _reachable(self) -> SupabaseTarget:
        if (self.url is None) == (self.database_url_env is None):
            raise ValueError("needs either url with key_env, or database_url_env")
        if self.url is not None:
            if self.key_env is None:
                raise ValueError("url needs key_env")
            self._check_host(self.url)
        return self


class SupabaseSettings(SupabaseTarget):
    """A company's Supabase project: what others wrote there is read, its memory may be pushed."""

    pull: Flag = Field(True, description="read the memories that stand there")
    push: Flag = Field(False, description="keep a copy of the company's memory there")


ALL_CATEGORIES: tuple[Category, ...] = get_args(Category)


class CoordinatorJira(JiraTarget):
    """The coordinator's own Jira project, for what companies agreed to share."""

    publish: tuple[Category, ...] = Field(
        ALL_CATEGORIES, description="categories of shared learnings that become issues"
    )


class CoordinatorConfluence(ConfluenceTarget):
    """The coordinator's own Confluence space, for what companies agreed to share."""

    publish: tuple[Category, ...] = Field(
        ALL_CATEGORIES, description="categories of shared learnings that become pages"
    )
