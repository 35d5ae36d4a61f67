"""Rich text: Markdown becomes ADF to be published, ADF and Confluence's storage format become
Markdown to be read.

ADF is Atlassian's document format, JSON that Jira and Confluence share. Everything goes one way
through it: storage format is turned into ADF too, so that one writer makes all Markdown.
Nothing here raises on what a stranger sent: what is unknown keeps its words, what is too deep
becomes flat text.
"""

from coordinator.rich_text.digest import adf_digest
from coordinator.rich_text.from_adf import markdown_of_adf
from coordinator.rich_text.from_markdown import adf_of
from coordinator.rich_text.from_storage import markdown_of_storage
from coordinator.rich_text.people import mentioned_people

__all__ = [
    "adf_digest",
    "adf_of",
    "markdown_of_adf",
    "markdown_of_storage",
    "mentioned_people",
]
