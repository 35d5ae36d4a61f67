"""The joined catalog when a company goes: nothing of it stays until the next join."""

from __future__ import annotations

from resources.tables import Tables


def forget_company(tables: Tables, company: str) -> int:
    """Delete every row of the joined catalog that names a component of `company`.

    Groups it was a member of go whole: the next `refresh_catalog` joins what is left of them.
    Returns the rows deleted.
    """
    prefix = f"{company}/"
    naming = {
        "component_catalog": lambda row: [row["id"]],
        "component_pairs": lambda row: [row["left"], row["right"]],
        "component_groups": lambda row: row["members"],
    }
    deleted = 0
    for name, named in naming.items():
        rows = tables.read(name).to_dict("records")
        gone = [str(row["id"]) for row in rows if any(x.startswith(prefix) for x in named(row))]
        if gone:
            deleted += tables.delete(name, gone).deleted
    return deleted
