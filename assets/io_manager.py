"""Moves DataFrames between assets and LanceDB tables.

A company's asset is a table of its own database, a coordinator's asset one of the coordinator's.
Outputs are reconciled by id: rows that did not change are not written, and an output without
changes leaves the table's version as it was.
"""

from collections.abc import Mapping

import dagster as dg
import pandas as pd

from coordinator.frames import RowChanges
from resources.dagster_resources import HomeResource
from resources.home import Home
from resources.recorded_tables import RecordedTables
from resources.tables import schemas as table_schemas


class CompanyTables(dg.IOManager):
    """Stores an asset's rows in the table of the same name of the partition's company.

    The asset names the version it read in its metadata as `sync_version`.
    """

    def handle_output(self, context: dg.OutputContext, obj: pd.DataFrame | RowChanges) -> None:
        home = _home(context)
        company, table = context.partition_key, context.asset_key.path[-1]
        tables = RecordedTables(company, home.companies.instance(company).tables(), home.ledger)
        told = context.output_metadata
        written = tables.write(
            table,
            obj,
            run=context.run_id,
            # as the asset read it: by now something may have been written by hand
            version=str(_value(told["sync_version"])),
            counts=_counts(told),
        )
        context.add_output_metadata(
            {
                "inserted": written.inserted,
                "updated": written.updated,
                "deleted": written.deleted,
                "dagster/row_count": written.rows,
                "table_version": written.version,
            }
        )

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        """The table of each asked company, one under the other."""
        home = _home(context)
        table = context.asset_key.path[-1]
        frames = [
            home.companies.instance(company).tables().read(table)
            for company in context.asset_partition_keys
            if company in home.companies.names()
        ]
        filled = [frame for frame in frames if not frame.empty]
        if filled:
            return pd.concat(filled, ignore_index=True)
        return frames[0] if frames else table_schemas.of(table).empty_table().to_pandas()


def _counts(metadata: Mapping[str, object]) -> dict[str, int]:
    """The whole numbers among an output's metadata: what the asset counted."""
    plain = {name: _value(value) for name, value in metadata.items()}
    return {name: value for name, value in plain.items() if type(value) is int}


def _value(metadata: object) -> object:
    return getattr(metadata, "value", metadata)


class CoordinatorTables(dg.IOManager):
    """Stores the tables of an asset over all companies in the coordinator's own database."""

    def handle_output(self, context: dg.OutputContext, obj: Mapping[str, pd.DataFrame]) -> None:
        tables = _home(context).global_tables()
        metadata: dict[str, int] = {}
        for name, frame in obj.items():
            written = tables.reconcile(name, frame, schema=table_schemas.of(name))
            own = name == context.asset_key.path[-1]
            metadata["dagster/row_count" if own else f"{name}_rows"] = written.rows
            metadata[f"{name}_changed"] = written.inserted + written.updated + written.deleted
        context.add_output_metadata(metadata)

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        return _home(context).global_tables().read(context.asset_key.path[-1])


@dg.io_manager(required_resource_keys={"home"})
def company_tables() -> CompanyTables:
    """The tables of the company whose partition is materialized."""
    return CompanyTables()


@dg.io_manager(required_resource_keys={"home"})
def coordinator_tables() -> CoordinatorTables:
    """The coordinator's own tables."""
    return CoordinatorTables()


def _home(context: dg.InputContext | dg.OutputContext) -> Home:
    # through the context, not as a nested resource: nested ones are opened, and lock, once more
    resource: HomeResource = context.resources.home
    return resource.home
