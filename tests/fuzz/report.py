"""Lines of outcomes that a run goes on from, and the table of counts by edge and cause."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.fuzz.edge import VERDICTS
from tests.fuzz.pool import Outcome


def line_of(outcome: Outcome) -> str:
    """An outcome as a line of JSON."""
    said = {
        "edge": outcome.name,
        "seed": outcome.seed,
        "number": outcome.number,
        "verdict": outcome.verdict.kind,
        "cause": outcome.verdict.cause,
        "seconds": round(outcome.seconds, 3),
        "mb": outcome.peak >> 20,
    }
    return json.dumps(said, ensure_ascii=True)


def mend_end(path: Path) -> None:
    """End a line that a killed run had begun, so that the next does not join it."""
    if path.is_file() and not path.read_bytes().endswith(b"\n"):
        with path.open("a") as file:
            file.write("\n")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The outcomes of a run so far; a last line that was cut is left out."""
    if not path.is_file():
        return []
    found = []
    for line in path.read_text().splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def table(lines: Iterable[dict[str, Any]]) -> str:
    """Counts by edge and verdict, then those by cause of what failed and what was refused."""
    kept = list(lines)
    counts = Counter((line["edge"], line["verdict"]) for line in kept)
    edges = sorted({line["edge"] for line in kept})
    rows = [
        f"| edge | inputs | {' | '.join(VERDICTS)} | slowest | largest |",
        "|---" * (len(VERDICTS) + 4) + "|",
    ]
    for name in [*edges, "all"]:
        own = [line for line in kept if name in ("all", line["edge"])]
        numbers = [
            sum(counts[edge, kind] for edge in edges if name in ("all", edge)) for kind in VERDICTS
        ]
        slowest = max((line["seconds"] for line in own), default=0)
        largest = max((line["mb"] for line in own), default=0)
        shown = " | ".join(str(number) for number in numbers)
        rows.append(f"| {name} | {len(own)} | {shown} | {slowest:.1f} s | {largest} MB |")
    causes = Counter((line["edge"], line["verdict"], line["cause"]) for line in kept)
    rows += ["", "| edge | verdict | cause | inputs |", "|---|---|---|---|"]
    # What fails first.
    order = {kind: place for place, kind in enumerate(reversed(VERDICTS))}
    ranked = sorted(causes.items(), key=lambda item: (item[0][0], order[item[0][1]], -item[1]))
    for (name, kind, cause), count in ranked:
        rows.append(f"| {name} | {kind} | {cause.replace('|', '/')} | {count} |")
    return "\n".join(rows) + "\n"
