"""Confluence: its pages as rows."""
