"""Opens a table of memories by what settings say: a REST interface with a key, or a database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from coordinator.errors import SourceUnauthorized
from coordinator.settings.sources import SupabaseSettings, SupabaseTarget
from coordinator.supabase.keys import api_key
from coordinator.supabase.tables import COMPANY, GLOBAL
from resources.supabase.project import Project
from resources.supabase.table import MemoryTable

if TYPE_CHECKING:
    import httpx


def open_supabase(
    settings: SupabaseTarget,
    *,
    client: Callable[..., httpx.Client],
    environ: Mapping[str, str],
    company: str | None = None,
) -> MemoryTable:
    """The table of `company`'s memories, or without one the global memory.

    `client` is called with `base_url` and `auth` and makes the httpx client whose lane the calls
    take; a database is asked without it. Nothing is asked yet. SourceUnauthorized when the
    environment variable is not set, SourceUnreachable when it holds no URL that may be used.
    """
    if company is None and isinstance(settings, SupabaseSettings):
        raise TypeError("a company's project is opened for that company")
    shape = GLOBAL if company is None else COMPANY
    project: Project
    if settings.url is not None and settings.key_env is not None:
        from resources.supabase.rest import RestProject

        project = RestProject(
            settings.url,
            api_key(_value(environ, settings.key_env, "secret key (sb_secret_…)")),
            settings.key_env,
            client=client,
            schema=settings.db_schema,
            shape=shape,
            company=company,
        )
    else:
        from resources.supabase.postgres import PostgresProject

        name = settings.database_url_env or ""
        project = PostgresProject(
            _value(environ, name, "postgresql:// URL"),
            name,
            timeout_s=settings.timeout_s,
            loopback=settings.loopback,
            schema=settings.db_schema,
            shape=shape,
            company=company,
        )
    return MemoryTable(project, shape)


def _value(environ: Mapping[str, str], name: str, what: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise SourceUnauthorized(
            f"the environment variable {name} is not set", hint=f"put the project's {what} there"
        )
    if not value.isascii() or not value.isprintable():
        raise SourceUnauthorized(
            f"the environment variable {name} holds characters no key or URL has",
            hint=f"put the project's {what} there, and nothing else",
        )
    return value
