"""What spans companies when one goes: nothing of it stays until the next look over all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resources.patterns_page import forget_page
from resources.tables import Tables

if TYPE_CHECKING:
    from resources.home import Home


def forget_company(home: Home, company: str) -> None:
    """Delete every row over all companies that names `company`, and the page that shows them."""
    _forget_components(home.global_tables(), company)
    home.patterns.forget_company(company)
    home.opportunities.forget_company(company)
    forget_page(home)


def _forget_components(tables: Tables, company: str) -> None:
    """Delete its components from the joined catalog.

    Groups it was a member of go whole: the next `refresh_catalog` joins what is left of them.
    """
    prefix = f"{company}/"
    naming = {
        "component_catalog": lambda row: [row["id"]],
        "component_pairs": lambda row: [row["left"], row["right"]],
        "component_groups": lambda row: row["members"],
    }
    for name, named in naming.items():
        rows = tables.read(name).to_dict("records")
        gone = [str(row["id"]) for row in rows if any(x.startswith(prefix) for x in named(row))]
        if gone:
            tables.delete(name, gone)
