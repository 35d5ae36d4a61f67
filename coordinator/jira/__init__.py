"""Jira: what is asked of it, and its issues as rows."""
