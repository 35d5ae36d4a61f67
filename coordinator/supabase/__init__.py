"""Supabase: the two tables there, their rows, what is pushed, and what a refusal means."""
