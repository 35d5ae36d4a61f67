"""Three sample companies as bare Git repositories, the same shas on every machine.

The content stands in `content/<company>/` (see `history`). `build_repository` writes a company's
history, `add_commit` lets somebody push a little more, so that a watcher has something to see.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from coordinator.errors import GitError, UsageError
from coordinator.settings import Person
from orch_dagster.samples.history import load
from orch_dagster.samples.stream import render

BRANCH = "refs/heads/main"
BUILT = "refs/samples/built"
DESCRIPTION = "sample company {company} of orch_dagster\n"


@dataclass(frozen=True)
class SampleCompany:
    """A made-up company to try the product on."""

    slug: str
    title: str
    description: str
    language: str
    owners: tuple[Person, ...]


SAMPLE_COMPANIES: tuple[SampleCompany, ...] = (
    SampleCompany(
        slug="empresa-a",
        title="Empresa A",
        description="Fintech de pagamentos: contas, cobranças por Pix e cartão, notificações.",
        language="pt",
        owners=(Person(name="Mariana Duarte", email="mariana.duarte@empresa-a.example"),),
    ),
    SampleCompany(
        slug="empresa-b",
        title="Empresa B",
        description="Logistics: routing, parcel tracking and the gateway its carriers log in to.",
        language="en",
        owners=(Person(name="Helen Okafor", email="helen.okafor@empresa-b.example"),),
    ),
    SampleCompany(
        slug="empresa-c",
        title="Empresa C",
        description="Varejo: loja virtual, catálogo, carrinho e pagamentos.",
        language="pt",
        owners=(Person(name="Patrícia Lemos", email="patricia.lemos@empresa-c.example"),),
    ),
)


def build_all(folder: Path) -> dict[str, str]:
    """Build every sample company as `<folder>/<slug>.git`; returns the head sha by slug."""
    return {
        sample.slug: build_repository(sample.slug, folder / f"{sample.slug}.git")
        for sample in SAMPLE_COMPANIES
    }


def build_repository(company: str, target: Path) -> str:
    """Create or update the bare repository `target` of a sample company; returns main's sha.

    Building again changes nothing, and keeps what `add_commit` pushed. A history written by
    another version of the content is replaced. UsageError when `target` is something else.
    """
    return _write(company, target, pushes=0)


def add_commit(target: Path, company: str, *, number: int = 1) -> str:
    """Push the first `number` further commits of a company to `target`; returns main's sha.

    The commits are always the same and always in the same order: asking again for a number that
    is already there changes nothing. UsageError when there are not that many.
    """
    return _write(company, target, pushes=number)


def _write(company: str, target: Path, *, pushes: int) -> str:
    history = load(company)
    if not 0 <= pushes <= len(history.pushes):
        raise UsageError(
            f"sample company '{company}' has no push number {pushes}",
            hint=f"1 to {len(history.pushes)}",
        )
    commits = (*history.commits, *history.pushes[:pushes])
    _claim(company, target)
    _git(target, "fast-import", "--quiet", "--force", stdin=render(history, commits, ref=BUILT))
    return _advance(target)


def _claim(company: str, target: Path) -> None:
    """Make `target` a bare repository that says it is ours, or see that it does."""
    label = target / "description"
    wanted = DESCRIPTION.format(company=company)
    if not target.exists() or not any(target.iterdir()):
        target.mkdir(parents=True, exist_ok=True)
        label.write_text(wanted, "utf-8")
    elif not label.is_file() or label.read_text("utf-8", "replace") != wanted:
        raise UsageError(
            f"{target} is not the sample repository of '{company}'",
            hint="name a folder that does not exist yet",
        )
    if not (target / "HEAD").is_file():
        _git(target, "init", "--quiet", "--bare", "--template=", "--initial-branch=main")


def _advance(target: Path) -> str:
    """Bring main to what was just built, unless it is there already or further on."""
    built = _sha(target, BUILT)
    head = _sha(target, BRANCH)
    if not head or not _git(target, "for-each-ref", "--contains", built, BRANCH):
        _git(target, "update-ref", BRANCH, built)
    _git(target, "update-ref", "-d", BUILT)
    return _sha(target, BRANCH)


def _sha(target: Path, ref: str) -> str:
    """The commit `ref` points to; empty when there is no such ref."""
    return _git(target, "for-each-ref", "--format=%(objectname)", ref).strip()


def _git(target: Path, *arguments: str, stdin: bytes = b"") -> str:
    # the caller's GIT_* variables and settings must not reach the repository
    environment = {name: value for name, value in os.environ.items() if name[:4] != "GIT_"}
    environment |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
    done = subprocess.run(  # noqa: S603  the list is ours, the folder one argument
        ["git", f"--git-dir={target}", *arguments],  # noqa: S607
        input=stdin,
        env=environment,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise GitError(
            f"git {arguments[0]} failed in {target}", hint=done.stderr.decode("utf-8", "replace")
        )
    return done.stdout.decode("utf-8", "replace")
