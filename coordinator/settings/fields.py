"""The types settings are made of: validated text, numbers that are numbers, names of variables."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict

from coordinator.errors import CompanyError, GitError
from coordinator.git.address import FORMS, GitProtocol, git_address

SLUG = re.compile(r"[a-z][a-z0-9-]{1,39}")
ENV_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
BRANCH = re.compile(r"(?!-)(?!.*\.\.)[A-Za-z0-9._/+@-]{1,200}")
# C0, C1, line separators, bidi marks: they hide or move what stands beside them
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]")

PROTOCOLS: tuple[GitProtocol, ...] = ("https", "ssh", "file")

Category = Literal["pattern", "solution", "component", "insight", "best_practice", "need"]


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


def _folder(text: str) -> str:
    folder = _one_line(text).strip("/")
    if text.startswith(("/", "~")) or ".." in PurePosixPath(text).parts:
        raise ValueError("must be a folder relative to the repository, without '..'")
    return folder


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


def _origin(text: str) -> str:
    """Scheme and host alone: whatever else stands in a URL would reach other hosts or logs."""
    try:
        parts = urlsplit(_one_line(text))
        port = parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    host = parts.hostname or ""
    if parts.scheme not in ("https", "http") or not host or parts.username or parts.password:
        raise ValueError("must be https:// and a host, without a user or password")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(f"must end after the host: {parts.scheme}://{host}")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port is not None else "")


def git_protocol(url: str) -> GitProtocol:
    """The protocol of a repository URL or local path; ValueError for what no fetch would take."""
    try:
        return git_address(url, PROTOCOLS).protocol
    except GitError as error:
        raise ValueError(f"{error.message}; {FORMS}") from None


def _repository(text: str) -> str:
    git_protocol(text)
    return text


CompanySlug = Annotated[str, AfterValidator(_slug)]
EnvName = Annotated[str, AfterValidator(_env_name)]
Branch = Annotated[str, AfterValidator(_branch)]
Glob = Annotated[str, AfterValidator(_relative_glob)]
Folder = Annotated[str, AfterValidator(_folder), Field(max_length=200)]
OneLine = Annotated[str, AfterValidator(_one_line), Field(max_length=200)]
Text = Annotated[str, AfterValidator(_lines_of_text)]
Who = Annotated[str, AfterValidator(_person), Field(min_length=1, max_length=200)]
Origin = Annotated[str, AfterValidator(_origin), Field(max_length=300)]
RepositoryUrl = Annotated[str, AfterValidator(_repository)]
# strict: `timeout_s: yes` would be one second
Number = Annotated[float, Strict()]
Whole = Annotated[int, Strict()]
Flag = Annotated[bool, Strict()]


class Model(BaseModel):
    """Settings are frozen, and a key nobody knows is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
