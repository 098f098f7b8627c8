"""What assistants are answered: hits, searches and events as short JSON of a bounded length.

No path of this machine is in it, and no footprint: an assistant pays for every character.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from harma.index.hits import Hit
from harma.index.source_ids import shown_name, source_id
from harma.scenes.middle import middle
from harma.searches.event_forms import event_properties
from harma.searches.keeping import without_numbers
from harma.searches.records import Event, MarkCounts, SavedSearch, Watch
from harma.searches.watch_json import watch_json
from harma.serve.features import iso

# Characters of an answer; of what is longer the last rows are left out, and it says so.
MOST_CHARACTERS = 30_000
# Of a name or a note that a person wrote.
MOST_OF_A_TEXT = 300
# About a metre.
DIGITS = 5
STANDING_SAID = (
    "standing says how far a hit stands out from the rest of the index: clear, likely, or weak,"
    " as chance gives too; scores of different searches do not compare"
)


def hit_row(rank: int, hit: Hit) -> dict[str, Any]:
    """A hit, in short."""
    row: dict[str, Any] = {
        "rank": rank,
        "chip": hit.id,
        "score": round(hit.score, 3),
        "standing": hit.standing,
        **chip_row(hit),
    }
    if hit.then is not None and hit.change is not None:
        row["gain"] = round(hit.change, 3)
        row["then_chip"] = hit.then.id
        row["then_date"] = hit.then.date_text
    return row


def chip_row(chip: Hit) -> dict[str, Any]:
    """What is said of a chip, whatever was looked for."""
    row: dict[str, Any] = {
        "date": chip.date_text,
        "source": source_id(chip.source),
        "source_name": shortened(shown_name(chip.source)),
    }
    if chip.geometry is not None and not chip.geometry.is_empty:
        row["lon_lat"] = [round(degrees, DIGITS) for degrees in middle(chip.geometry)]
    return row


def search_row(search: SavedSearch, counts: MarkCounts, watch: Watch | None) -> dict[str, Any]:
    """A saved search, in short."""
    row: dict[str, Any] = {
        "search": search.id,
        "name": shortened(search.name),
        "asked": without_numbers(search.asked),
        "changed": iso(search.changed),
        "marks": vars(counts),
    }
    if watch is not None:
        told = watch_json(watch)
        kept = ("standing", "least_score", "last_run", "last_new", "last_problem", "num_events")
        row["watch"] = {name: told[name] for name in kept}
    return row


def event_row(event: Event) -> dict[str, Any]:
    """An event, in short."""
    row = event_properties(event)
    row["source_name"] = shortened(row["source_name"])
    return {name: value for name, value in row.items() if value is not None}


def shortened(text: str) -> str:
    """A person's words, cut where they are long."""
    if len(text) <= MOST_OF_A_TEXT:
        return text
    return f"{text[:MOST_OF_A_TEXT]}…"


def told(name: str, rows: Sequence[Mapping[str, Any]], **further: Any) -> str:
    """Rows as JSON, as many as there is room for.

    Args:
        name: of the list of rows.
        rows: the best or latest first.
        **further: what is said besides.
    """
    kept: list[str] = []
    length = 0
    for row in rows:
        text = json.dumps(row, ensure_ascii=False)
        length += len(text)
        if length > MOST_CHARACTERS:
            left_out = f"{len(rows) - len(kept)} more, for which there is no room; ask for fewer"
            further = {**further, "left_out": left_out}
            break
        kept.append(text)
    about = json.dumps(further, ensure_ascii=False)[1:-1]
    joined = ",\n".join(kept)
    return f'{{"{name}": [\n{joined}\n]{", " if about else ""}{about}}}'
