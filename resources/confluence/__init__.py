"""Confluence Cloud v2: its operations, and reading a space little by little."""

from resources.confluence.client import ConfluenceClient
from resources.confluence.reading import ConfluenceReader

__all__ = ["ConfluenceClient", "ConfluenceReader"]
