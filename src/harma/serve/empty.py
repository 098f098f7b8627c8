"""Why a search has no hit: nothing is indexed there, nothing is of that time, or both do not meet.

A client is told which of the conditions admits nothing, and what could be asked instead.
"""

import pyarrow.compute as pc

from harma.index.ask import Where
from harma.index.filters import Filter, filter_of
from harma.index.index import Index
from harma.index.schema import BOX_COLUMNS
from harma.index.search import admitted_blocks

AREA_FIELDS = ("bbox", "polygon", "near", "radius_km", "within")
# Days of an index are told of these chips' dates.
DATED = "datetime IS NOT NULL"


def why_empty(index: Index, where: Where) -> dict[str, str]:
    """Why no chip was found, and what can be done.

    Args:
        index: that was searched.
        where: which chips were looked for.

    Returns:
        `reason` and `advice`, a sentence each.
    """
    if not len(index):
        return _said("The index holds no chips.", "Add scenes to it: harma index add.")
    parts = {
        "area": Where(**{name: getattr(where, name) for name in AREA_FIELDS}),
        "dates": Where(date=where.date),
        "scenes": Where(source=where.source),
    }
    asked = {name: filter_of(part) for name, part in parts.items()}
    asked = {name: part for name, part in asked.items() if part != Filter()}
    for name, part in asked.items():
        if not _admits(index, part):
            return _of_part(index, name)
    if len(asked) > 1:
        return _said(
            f"There are chips of the {_listed(list(asked))} that were asked for, but none of all"
            " of them together.",
            "Leave one of them out.",
        )
    return _said("No chip matches.", "Ask for less: leave out a condition.")


def _said(reason: str, advice: str) -> dict[str, str]:
    return {"reason": reason, "advice": advice}


def _of_part(index: Index, name: str) -> dict[str, str]:
    """Of a condition that admits nothing at all."""
    if name == "area":
        placed = index.store.count(f"{BOX_COLUMNS[0]} IS NOT NULL")
        if not placed:
            return _said(
                "No scene of this index has a place on the Earth.",
                "Search without an area.",
            )
        return _said(
            "Nothing is indexed in this area.",
            "The coverage of the index shows where its scenes are: choose an area there.",
        )
    if name == "dates":
        return _of_dates(index)
    return _said(
        "The scenes that were asked for have no chips in the index.", "Choose other scenes."
    )


def _of_dates(index: Index) -> dict[str, str]:
    table = index.store.rows(["datetime"], DATED)
    if not table.num_rows:
        return _said("No scene of this index has a date.", "Search without dates.")
    # Of a million chips a list of Python would take seconds.
    ends = pc.min_max(table["datetime"]).as_py()
    first = ends["min"].date().isoformat()
    last = ends["max"].date().isoformat()
    return _said(
        "No scene was taken in this time.",
        f"The scenes of this index are from {first} to {last}: choose dates in between.",
    )


def _admits(index: Index, part: Filter) -> bool:
    """Whether any chip fulfils a condition."""
    blocks = admitted_blocks(index.store, part, ["id"])
    return next(blocks, None) is not None


def _listed(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} and {names[-1]}"
