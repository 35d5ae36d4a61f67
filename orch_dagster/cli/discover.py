"""`orch discover`: propose companies and components from a folder of repositories."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orch_dagster.cli.door import echo_json, echo_table, json_option, note, open_home, output

if TYPE_CHECKING:
    from resources.home import Home


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--create", is_flag=True, help="Create the proposed companies.")
@json_option
def discover(folder: Path, create: bool, as_json: bool) -> None:
    """Look at the repositories below FOLDER and propose companies and components.

    Says the reason of each guess, and changes nothing without --create.

    Example:  orch discover ~/src
    """
    from resources.companies import settings_for
    from resources.proposals import propose

    home = open_home()
    proposals = []
    for proposal in propose(folder, _places(home)):
        note(f"looked at {proposal.location}")
        proposals.append(proposal)
        if create and not proposal.problem and not proposal.exists:
            home.companies.create(settings_for(proposal.name, str(proposal.location)))
    if as_json:
        echo_json([asdict(proposal) | {"created": create} for proposal in proposals])
        return
    if not proposals:
        note(f"no Git repository at or below {folder}")
        return
    for proposal in proposals:
        said = "created" if create else "company"
        if proposal.exists:
            output().print(f"{proposal.name}: {proposal.location} {proposal.reason}", markup=False)
            continue
        if proposal.problem:
            output().print(f"{proposal.name}: {proposal.problem}", markup=False)
            continue
        output().print(f"{said} {proposal.name}: {proposal.reason}", markup=False)
        echo_table("", ["component", "category", "why"], proposal.components)
    if not create:
        note(f"nothing was changed; `orch discover {folder} --create` creates these companies")


def _places(home: Home) -> dict[str, str]:
    """The companies there are, with the addresses of those whose settings can be read."""
    return {
        name: home.companies.instance(name).settings.git.url
        if not home.companies.check(name).problem
        else ""
        for name in home.companies.names()
    }
