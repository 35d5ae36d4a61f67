"""The cells of an ADF table on a grid, as a pipe table has them."""

from __future__ import annotations

from collections.abc import Iterator

from coordinator.rich_text.nodes import children_of, kind_of, whole_number

_WIDEST = 50

Cells = list[list[object]]


def grid_of(table: object) -> Iterator[list[list[object]]]:
    """For each row of `table` what its cells hold; a cell over several columns or rows leaves
    empty ones beside and below it.

    At most 50 empty cells and four for each cell are added, so that no table grows far past what
    was sent.
    """
    left = 50 + 4 * sum(len(children_of(row)) for row in children_of(table))
    below: dict[int, int] = {}  # column → rows it is still covered for
    for row in children_of(table):
        cells: list[list[object]] = []
        covered: dict[int, int] = {}
        for cell in children_of(row) if kind_of(row) == "tableRow" else [row]:
            while below.get(len(cells)):
                covered[len(cells)] = below.pop(len(cells)) - 1
                cells.append([])
            wide = whole_number(cell, "colspan", 1, _WIDEST, 1)
            high = whole_number(cell, "rowspan", 1, _WIDEST, 1)
            if wide * high - 1 > left:
                wide = high = 1
            left -= wide * high - 1
            covered.update(dict.fromkeys(range(len(cells), len(cells) + wide), high - 1))
            cells += [[cell], *([] for _ in range(wide - 1))]
        while below.get(len(cells)):
            covered[len(cells)] = below.pop(len(cells)) - 1
            cells.append([])
        below = {column: rows for column, rows in covered.items() if rows}
        if cells:
            yield cells
