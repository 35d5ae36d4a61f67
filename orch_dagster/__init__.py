"""orch_dagster: a coordinator for several isolated companies, as a Dagster code location."""

__version__ = "0.1.0"
