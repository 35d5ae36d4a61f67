"""The stored context of a company, as the last sync left it."""

from __future__ import annotations

import json

import pandas as pd

from coordinator.context import InstanceContext
from coordinator.errors import CompanyError
from resources.instances import Instance

TABLE = "instance_context"


def as_frame(company: str, context: InstanceContext) -> pd.DataFrame:
    """The one row of the company's `instance_context` table."""
    data = json.dumps(context.data, ensure_ascii=False, sort_keys=True)
    return pd.DataFrame([{"id": company, "data": data, "page": context.page}])


def stored_context(instance: Instance) -> InstanceContext:
    """Read the context back; CompanyError when the company was never synced."""
    frame = instance.tables().read(TABLE)
    if frame.empty:
        raise CompanyError(
            f"'{instance.slug}' has not been synced yet", hint=f"run `orch sync {instance.slug}`"
        )
    row = frame.iloc[0]
    return InstanceContext(json.loads(row["data"]), str(row["page"]))
