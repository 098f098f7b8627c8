"""The terminal's tables of a measured search: figures, standings, queries."""

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from harma.evaluation.judging.compare import Comparison
from harma.evaluation.judging.evaluate import SearchEvaluation
from harma.evaluation.judging.scores import Figure

# Rows of the table of queries: of more, those with the lowest AP.
MOST_QUERIES = 30
SHOWN = ("AP", "nDCG@10", "P@10", "R@100")
# Means of these over queries have names of their own.
NAMES = {"AP": "mAP", "RR": "MRR"}


def search_tables(
    evaluation: SearchEvaluation, comparison: Comparison | None = None
) -> list[RenderableType]:
    """What was measured, the figures, what standings are worth, and the queries; one by one."""
    tables = [_figures(evaluation, comparison), _standings(evaluation), _queries(evaluation)]
    return [Text(_measured(evaluation)), *tables]


def _measured(evaluation: SearchEvaluation) -> str:
    """How many queries and judgments, and how deep."""
    depth = evaluation.settings.depth
    judged = sum(len(found.query.relevance) for found in evaluation.queries)
    how = "exact" if depth.exact else "by the ANN index"
    expanded = sum(bool(found.expanded) for found in evaluation.queries)
    return (
        f"queries: {len(evaluation.queries):,}, {expanded:,} of them expanded; judgments by"
        f" {depth.by}: {judged:,}; to rank {depth.count:,}, {how}. In percent, with 95 % bootstrap"
        " intervals over queries; what was not judged counts as not relevant."
    )


def _figures(evaluation: SearchEvaluation, comparison: Comparison | None) -> Table:
    table = Table(box=box.SIMPLE)
    table.add_column("measure")
    headings = ["figure", "95 %"]
    if comparison is not None:
        headings += ["earlier", "difference", "95 %"]
    for heading in headings:
        # A broken interval is read as two.
        table.add_column(heading, justify="right", no_wrap=True)
    for name, figure in evaluation.figures.items():
        cells = [NAMES.get(name, name), _percent(figure.mean), _interval(figure)]
        if comparison is not None:
            cells += _compared(name, comparison)
        table.add_row(*cells)
    return table


def _compared(name: str, comparison: Comparison) -> list[str]:
    """The cells of a measure about the earlier run."""
    cells = [_percent(comparison.earlier[name])]
    if name in comparison.differences:
        difference = comparison.differences[name]
        cells += [f"{100 * difference.mean:+.2f}", _interval(difference, signed=True)]
    return cells


def _standings(evaluation: SearchEvaluation) -> Table:
    table = Table(box=box.SIMPLE)
    table.add_column("standing")
    for heading in ("hits", "judged", "relevant", "precision", "95 %"):
        table.add_column(heading, justify="right")
    for name, standing in evaluation.standings.items():
        precision = ["", ""]
        if standing.precision is not None:
            precision = [_percent(standing.precision.mean), _interval(standing.precision)]
        counts = [f"{count:,}" for count in (standing.hits, standing.judged, standing.relevant)]
        table.add_row(name or "(too few chips)", *counts, *precision)
    return table


def _queries(evaluation: SearchEvaluation) -> Table:
    worst_first = sorted(evaluation.queries, key=lambda found: found.figures["AP"])
    shown = worst_first[:MOST_QUERIES]
    heading = "query, the lowest AP first"
    if len(shown) < len(worst_first):
        heading = f"query, the {len(shown)} of {len(worst_first):,} with the lowest AP"
    table = Table(box=box.SIMPLE)
    table.add_column(heading, overflow="fold")
    for heading in ("relevant", *SHOWN):
        table.add_column(heading, justify="right")
    for found in shown:
        figures = [_percent(found.figures[name]) for name in SHOWN]
        # Texts of people: brackets in them are no markup.
        table.add_row(Text(found.query.id), f"{found.query.num_relevant:,}", *figures)
    return table


def _percent(share: float) -> str:
    return f"{100 * share:.2f}"


def _interval(figure: Figure, *, signed: bool = False) -> str:
    if figure.low is None or figure.high is None:
        return ""
    form = "+.2f" if signed else ".2f"
    return f"[{100 * figure.low:{form}}, {100 * figure.high:{form}}]"
