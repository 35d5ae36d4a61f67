"""Supabase: a table of memories in a project, by its REST interface or as a Postgres database."""

from resources.supabase.opening import open_supabase
from resources.supabase.pushing import Pushed, push
from resources.supabase.reading import SupabaseReader
from resources.supabase.table import MemoryTable

__all__ = ["MemoryTable", "Pushed", "SupabaseReader", "open_supabase", "push"]
