"""An Atlassian Cloud site: what Jira and Confluence have in common."""

from resources.atlassian.site import Answer, Site

__all__ = ["Answer", "Site"]
