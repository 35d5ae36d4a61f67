"""`orch init`: make a coordinator home."""

from __future__ import annotations

import click

from orch_dagster.cli.door import echo_json, json_option, note


@click.command()
@click.option("--model", help="A sentence-transformers model [chosen by what can be had].")
@json_option
@click.pass_context
def init(context: click.Context, model: str | None, as_json: bool) -> None:
    """Make a coordinator home (ORCH_HOME, else ./.orch). An existing one is left as it is.

    Takes the multilingual model where it can be had, else the one that needs no network.

    Example:  orch init
    """
    from coordinator.settings import EmbeddingSettings
    from resources.embedding import choose_model
    from resources.home import SETTINGS_FILE, Home, home_path

    where = home_path(context.find_root().params.get("home"))
    existed = (where / SETTINGS_FILE).exists()
    reason = "named by --model"
    if model is not None:
        embedding = EmbeddingSettings(model=model)
    elif existed:
        embedding = Home.open(where).settings.embedding
        reason = "named in the existing orch.yaml"
    else:
        embedding, reason = choose_model()
    with Home.init(where, embedding=embedding) as home:
        chosen = home.settings.embedding.model
    if as_json:
        echo_json({"home": str(where), "created": not existed, "model": chosen, "reason": reason})
        return
    click.echo(f"{'opened' if existed else 'made'} the home {where}")
    click.echo(f"embedding model: {chosen} ({reason})")
    note("next: orch company create NAME --git URL, or orch demo")
