"""A stand-in for Atlassian Cloud: Jira and Confluence, for the demo and the tests."""

from orch_dagster.samples.atlassian.records import Account, RateLimit, Rules
from orch_dagster.samples.atlassian.stand_in import StandIn
from orch_dagster.samples.atlassian.wire import Request, Response

__all__ = ["Account", "RateLimit", "Request", "Response", "Rules", "StandIn"]
