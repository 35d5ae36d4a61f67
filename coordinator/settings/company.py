"""One company: the content of its `company.yaml`."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from coordinator.git.address import GitProtocol
from coordinator.settings.fields import (
    Branch,
    CompanySlug,
    EnvName,
    Glob,
    Model,
    Number,
    OneLine,
    RepositoryUrl,
    Text,
    Who,
    Whole,
    git_protocol,
)
from coordinator.settings.sources import ConfluenceSettings, JiraSettings, SupabaseSettings


class Person(Model):
    """Somebody who answers for a company."""

    name: OneLine
    email: OneLine = ""


class GitSettings(Model):
    """Where a company's repository is and how much of it may be read."""

    url: RepositoryUrl = Field(
        description="https:// or ssh:// URL, user@host:path, or an absolute path"
    )
    branch: Branch | None = Field(None, description="watched branch; empty: the default branch")
    protocols: tuple[GitProtocol, ...] = Field(
        ("https",), description="protocols the fetch may use: https, ssh, file"
    )
    token_env: EnvName | None = Field(
        None, description="environment variable that holds the https token"
    )
    ssh_key_env: EnvName | None = Field(
        None, description="environment variable that holds the path of the ssh key"
    )
    timeout_s: Number = Field(600, gt=0, le=86_400, description="bound on one fetch, seconds")
    max_mirror_mb: Whole = Field(4_096, gt=0, description="bound on the mirror's size, MB")
    max_file_kb: Whole = Field(1_024, gt=0, le=65_536, description="larger files are not read, kB")

    @model_validator(mode="after")
    def _allowed(self) -> GitSettings:
        protocol = git_protocol(self.url)
        if protocol not in self.protocols:
            raise ValueError(
                f"url uses {protocol}, protocols allow only {', '.join(self.protocols)}"
            )
        return self


class CatalogSettings(Model):
    """Which folders are components."""

    globs: tuple[Glob, ...] = Field((), description="folders that are components for certain")
    exclude: tuple[Glob, ...] = Field((), description="folders that never are")
    min_confidence: Number = Field(0.5, ge=0, le=1, description="guesses below are left out")


class LearningSettings(Model):
    """What becomes a learning."""

    documents: tuple[Glob, ...] = Field(
        ("**/*.md", "**/*.markdown"), description="documents to cut into learnings"
    )
    exclude: tuple[Glob, ...] = Field((), description="paths nothing is learned from")
    min_substance: Number = Field(
        0.55, ge=0, le=1, description="commits with a lower substance score are skipped"
    )


class ApprovalSettings(Model):
    """Who may say yes for a company, by name as given to `orch --as`; empty: its owners."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True)
    export: tuple[Who, ...] = Field((), description="may approve that a component leaves")
    import_: tuple[Who, ...] = Field(
        (), alias="import", description="may approve that another company's component comes in"
    )
    publication: tuple[Who, ...] = Field((), description="may approve that a learning is shared")
    expire_after_days: Whole = Field(
        30, ge=1, le=365, description="a proposal nobody decided is void after so many days"
    )


class SharingSettings(Model):
    """What never leaves the company, whatever is approved."""

    mask: tuple[OneLine, ...] = Field((), description="words masked in everything that is shared")


class CompanySettings(Model):
    """One company: the content of its `company.yaml`."""

    name: CompanySlug
    title: OneLine = ""
    description: Text = Field("", max_length=2_000)
    language: Literal["pt", "en"] = Field("en", description="language of its readable pages")
    owners: tuple[Person, ...] = ()
    git: GitSettings
    jira: JiraSettings | None = None
    confluence: ConfluenceSettings | None = None
    supabase: SupabaseSettings | None = None
    catalog: CatalogSettings = CatalogSettings()
    learnings: LearningSettings = LearningSettings()
    approvals: ApprovalSettings = ApprovalSettings()
    sharing: SharingSettings = SharingSettings()
