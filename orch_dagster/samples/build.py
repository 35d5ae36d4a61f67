"""Three sample companies as bare Git repositories, the same shas on every machine.

The content stands in `content/<company>/` (see `history`). `build_repository` writes a company's
history, `add_commit` lets somebody push a little more, so that a watcher has something to see.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from coordinator.errors import GitError, UsageError
from coordinator.settings import Person
from orch_dagster.samples.history import load
from orch_dagster.samples.stream import render
from resources.git import fast_import
from resources.git.process import Deadline, clean_environment, git_command, run_git

MAIN = "refs/heads/main"
STEP = "refs/samples/{:03}"


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

    Building again changes nothing and keeps what was pushed since, by `add_commit` or by hand. A
    history written by another version of the content is replaced. UsageError when `target` is
    something else.
    """
    steps = _import(company, target)
    if _git(target, "for-each-ref", "--contains", steps[0], MAIN):
        return _refs(target)[MAIN]
    return _move_main(target, steps[0])


def add_commit(target: Path, company: str, *, number: int = 1) -> str:
    """Push the next `number` commits of a company to its built repository; returns main's sha.

    Which commits come next is fixed, so the same number of pushes gives the same sha everywhere.
    UsageError when there are not that many left, or somebody else pushed in between.
    """
    steps = _import(company, target)
    head = _refs(target).get(MAIN, "")
    if head not in steps:
        raise UsageError(
            f"{target} does not stand where the sample '{company}' left it",
            hint="build it anew in another folder",
        )
    wanted = steps.index(head) + number
    if number < 1 or wanted >= len(steps):
        raise UsageError(
            f"sample '{company}' has {len(steps) - 1} pushes, {steps.index(head)} are done",
            hint="build it anew in another folder",
        )
    return _move_main(target, steps[wanted])


def _import(company: str, target: Path) -> list[str]:
    """Bring all objects into `target`; returns the shas of the base and of each push after it."""
    history = load(company)
    label = target / "description"
    ours = f"sample company {company} of orch_dagster\n"
    built = (target / "HEAD").is_file() and MAIN in _refs(target)
    if built and (not label.is_file() or label.read_text("utf-8", "replace") != ours):
        raise UsageError(
            f"{target} is not the sample repository of '{company}'",
            hint="name a folder that does not exist yet",
        )
    fast_import(target, render(history, step=STEP))
    label.write_text(ours, "utf-8")
    refs = _refs(target)
    return [refs[STEP.format(number)] for number in range(len(history.pushes) + 1)]


def _move_main(target: Path, sha: str) -> str:
    # through fast-import, because it also points HEAD to the branch
    fast_import(target, f"reset {MAIN}\nfrom {sha}\n\n".encode())
    return sha


def _refs(target: Path) -> dict[str, str]:
    """Sha of every ref."""
    lines = _git(target, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    return dict(line.split() for line in lines)


def _git(target: Path, *arguments: str) -> str:
    done = run_git(
        git_command(*arguments),
        environment=clean_environment(os.environ, target),
        deadline=Deadline(60),
    )
    if done.code != 0:
        raise GitError(f"git {arguments[0]} failed in {target}", hint="remove the folder")
    return done.stdout.decode()
