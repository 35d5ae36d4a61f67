"""`python -m orch_dagster.cli`: the `orch` command where it is not on the path."""

from orch_dagster.cli.main import main

main()
