"""`orch company`: the companies of a home."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from orch_dagster.cli.door import (
    DONE_IN_PART,
    echo_json,
    echo_table,
    json_option,
    note,
    open_home,
    output,
    visible,
)


@click.group()
def company() -> None:
    """Create, list, show, validate, clone and remove companies.

    Example:  orch company create empresa-a --git https://github.com/acme/shop.git
    """


@company.command()
@click.argument("name")
@click.option("--git", "git_url", required=True, help="https or ssh URL, or a local path.")
@click.option("--branch", help="Watched branch [the repository's default].")
@click.option("--title", default="", help="The name people use.")
@click.option("--description", default="", help="What the company does.")
@click.option(
    "--language",
    type=click.Choice(["pt", "en"]),
    default="en",
    show_default=True,
    help="Language of its readable pages.",
)
@click.option("--token-env", help="Environment variable that holds the https token.")
@json_option
def create(name: str, git_url: str, as_json: bool, **given: Any) -> None:
    """Create the company NAME, whose repository is at --git.

    Example:  orch company create empresa-a --git ~/src/shop --title "Empresa A" --language pt
    """
    from coordinator.settings import company_slug
    from resources.companies import settings_for

    home = open_home()
    settings = settings_for(company_slug(name), git_url, **given)
    instance = home.companies.create(settings)
    if as_json:
        echo_json({"company": instance.slug, "settings": str(instance.settings_file)})
        return
    click.echo(f"created '{instance.slug}'; its settings are in {instance.settings_file}")
    note(f"next: orch sync {instance.slug}")


@company.command("list")
@json_option
def list_companies(as_json: bool) -> None:
    """List the companies, with the state of their last sync.

    Example:  orch company list --json
    """
    from coordinator.versions import head_of

    home = open_home()
    rows = []
    for name in home.companies.names():
        state = home.ledger.state(name)
        health = home.companies.check(name)
        cursor = state.cursors.get("git")
        rows.append(
            {
                "company": name,
                "settings": health.problem or "ok",
                "head": head_of(cursor.cursor) if cursor else "",
                "learnings": state.rows("private_memory"),
                "components": state.rows("company_components"),
                "synced_at": state.last_sync_at,
            }
        )
    if as_json:
        echo_json(rows)
        return
    if not rows:
        note("no companies yet; `orch company create NAME --git URL` makes one, `orch demo` three")
        return
    echo_table(
        "",
        ["company", "settings", "head", "learnings", "components", "last sync"],
        [
            [
                row["company"],
                row["settings"],
                str(row["head"])[:12],
                row["learnings"],
                row["components"],
                f"{row['synced_at']:%Y-%m-%d %H:%M}" if row["synced_at"] else "never",
            ]
            for row in rows
        ],
    )


@company.command()
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show the settings of company NAME, defaults included.

    Example:  orch company show empresa-a
    """
    import yaml

    instance = open_home().companies.instance(name)
    settings = instance.settings.model_dump(mode="json")
    if as_json:
        echo_json(settings)
        return
    click.echo(f"# {instance.settings_file}")
    click.echo(visible(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)), nl=False)


@company.command()
@click.argument("names", nargs=-1)
@json_option
@click.pass_context
def validate(context: click.Context, names: tuple[str, ...], as_json: bool) -> None:
    """Check the settings of NAMES, or of all companies.

    Exit code 3 when some are wrong, 1 when all are.

    Example:  orch company validate
    """
    companies = open_home().companies
    found = [companies.check(name) for name in names or companies.names()]
    bad = [health for health in found if health.problem]
    if as_json:
        echo_json([{"company": health.company, "problem": health.problem} for health in found])
    else:
        echo_table("", ["company", "settings"], [[h.company, h.problem or "ok"] for h in found])
    if bad:
        context.exit(1 if len(bad) == len(found) else DONE_IN_PART)


@company.command()
@click.argument("source")
@click.argument("target")
@click.option("--git", "git_url", help="Repository of the new company [the same].")
@click.option("--data", is_flag=True, help="Copy private tables and the mirror as well.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def clone(
    source: str, target: str, git_url: str | None, data: bool, yes: bool, as_json: bool
) -> None:
    """Make the company TARGET with the settings and policies of SOURCE.

    Its Jira, Confluence and Supabase are left out: two companies must not share one's project.

    Example:  orch company clone empresa-a empresa-a-test --data
    """
    home = open_home()
    if data and not yes:
        tables = home.companies.instance(source).tables()
        rows = ", ".join(f"{tables.rows(name)} {name}" for name in tables.names()) or "no rows"
        click.confirm(
            f"This copies the PRIVATE data of '{source}' to '{target}' ({rows}). Go on?",
            abort=True,
            err=True,
        )
    cloned = home.companies.clone(source, target, git_url=git_url, data=data)
    if as_json:
        echo_json(
            {
                "source": source,
                "target": target,
                "rows": dict(cloned.rows),
                "mirror_bytes": cloned.mirror_bytes,
            }
        )
        return
    click.echo(f"cloned the settings and policies of '{source}' to '{target}'")
    if data:
        copied = ", ".join(f"{count} {table}" for table, count in sorted(cloned.rows.items()))
        click.echo(f"copied: {copied}; {cloned.mirror_bytes / 1e6:.1f} MB of Git objects")


@company.command()
@click.argument("name")
@click.option("--reason", default="", help="Kept in the ledger.")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, delete nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def remove(name: str, reason: str, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Remove company NAME with all its private data. The ledger keeps that it existed.

    Example:  orch company remove empresa-c --dry-run
    """
    from resources.files import size_of
    from resources.leaving import forget_company

    home = open_home()
    companies = home.companies
    instance = companies.instance(name)
    size = size_of(instance.folder)
    if dry_run:
        document = {"company": name, "would_delete": str(instance.folder), "bytes": size}
        echo_json(document) if as_json else click.echo(
            f"would delete {instance.folder} ({size / 1e6:.1f} MB)"
        )
        return
    if not yes:
        question = f"This deletes all data of '{name}' ({size / 1e6:.1f} MB). Go on?"
        click.confirm(question, abort=True, err=True)
    freed = companies.remove(name, reason=reason)
    forget_company(home, name)
    if as_json:
        echo_json({"company": name, "removed": True, "bytes": freed})
        return
    click.echo(f"removed '{name}', {freed / 1e6:.1f} MB freed")


@company.command()
@click.argument("name")
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write here.")
@json_option
def context(name: str, out: Path | None, as_json: bool) -> None:
    """Print what the coordinator knows of company NAME, as one readable page.

    Example:  orch company context empresa-a -o empresa-a.md
    """
    from resources.contexts import stored_context

    found = stored_context(open_home().companies.instance(name))
    if as_json:
        echo_json(found.data)
        return
    if out is not None:
        out.write_text(found.page, encoding="utf-8")
        note(f"written to {out}")
        return
    if output().is_terminal:
        from rich.markdown import Markdown

        output().print(Markdown(visible(found.page)))
    else:
        click.echo(visible(found.page), nl=False)
