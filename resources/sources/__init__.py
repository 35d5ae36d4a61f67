"""Jira, Confluence and Supabase as one kind of thing: read little by little, polled, checked."""
