"""Jira Cloud v3: its operations, and reading a project little by little."""

from resources.jira.client import JiraClient
from resources.jira.reading import JiraReader

__all__ = ["JiraClient", "JiraReader"]
