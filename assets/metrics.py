"""Metrics of the coordination: how much is shared, learned from one another, and done."""

from datetime import UTC, datetime

import dagster as dg
import pandas as pd

from assets.company_run import LoggedProgress
from assets.previews import counts, measured, png
from assets.sources import OWNERS
from coordinator.frames import data_version
from coordinator.metrics import as_frame
from resources.dagster_resources import HomeResource
from resources.metrics import read_history
from resources.metrics.drawing import picture, shown

SHOWN_COMPONENTS = 20
PAGE_DPI = 80


@dg.asset(
    group_name="operations",
    kinds={"lancedb"},
    owners=OWNERS,
    code_version="1",
    io_manager_key="coordinator_tables",
    description="How much is shared, adopted and learned across companies, what the coordinator "
    "did for it, and the state of the global memory: every metric at the end of every day (UTC), "
    "computed from the ledger alone. docs/metrics.md defines each; `orch metrics` shows them.",
)
def coordination_metrics(
    context: dg.AssetExecutionContext, home: HomeResource
) -> dg.Output[dict[str, pd.DataFrame]]:
    today = datetime.now(UTC).date()
    found = read_history(home.home.ledger, today=today, progress=LoggedProgress(context.log))
    rows = as_frame(found)
    # a number of its own for each, so that the page draws it from run to run
    values = {name: one.value for name, one in found.now.values.items() if one.value is not None}
    adopters = sorted(found.adopters.items(), key=lambda pair: (-pair[1], pair[0]))
    metadata: dict[str, object] = {
        "metrics": measured(found.now),
        "adopters": counts(dict(adopters[:SHOWN_COMPONENTS]), "component"),
        "days": len(found.days),
        **values,
    }
    if shown(found):
        metadata["over_time"] = png(picture(found, dpi=PAGE_DPI), "metrics over time")
    return dg.Output(
        {"coordination_metrics": rows},
        data_version=dg.DataVersion(data_version(rows)),
        metadata=metadata,
    )


metrics_job = dg.define_asset_job(
    "refresh_metrics",
    selection=dg.AssetSelection.assets(coordination_metrics),
    # run monitoring ends it when its process died
    tags={"dagster/max_runtime": "3600"},
    description="Computes every metric of the coordination from the ledger.",
)
