"""The HTML report: one file with figures, curves and pictures, without any request to elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from harma.data.split import Split
from harma.embedding import Embedder
from harma.evaluation.breakdown import by_label, by_term
from harma.evaluation.charts import confusion_chart, curves, label_chart, map_chart, term_chart
from harma.evaluation.embedding_map import modality_gap, pca_map, umap_map
from harma.evaluation.examples import image_examples, spread, text_examples
from harma.evaluation.negatives import negatives
from harma.evaluation.reasons import reasons
from harma.evaluation.retrieval import Embedded, Evaluation
from harma.evaluation.table import rows_of
from harma.evaluation.wrong import confusion, wrong_hits
from harma.files import read_events, write_text


def write_report(
    directory: str | Path,
    *,
    evaluation: Evaluation,
    split: Split,
    baseline: str = "without adapters",
    info: Mapping[str, Any] | None = None,
    model: Embedder | None = None,
    umap: bool = False,
) -> Path:
    """Write `report.html` into a directory.

    Args:
        directory: where; its log.jsonl, if there is one, gives the curves.
        evaluation: figures and embeddings.
        split: the images and captions they are of.
        baseline: heading of the column beside the model's.
        info: facts to state: method, parameters, which split chose the model.
        model: that was evaluated, for the maps of why a hit was found; None leaves them out.
        umap: also draw a UMAP of the embeddings, which takes a minute or two.

    What needs labels, embeddings or a log is left out where there are none.

    Returns:
        The file.

    Raises:
        DataError: an image to show cannot be read.
        MissingDependencyError: umap-learn is asked for and not installed.
    """
    directory = Path(directory)
    lines = list(read_events(directory / "log.jsonl"))
    environment = jinja2.Environment(loader=jinja2.PackageLoader("harma.evaluation"), autoescape=True)
    page = environment.get_template("report.html.jinja").render(
        title=directory.resolve().name,
        evaluation=evaluation,
        bare=evaluation.without_adapters,
        baseline=baseline,
        rows=rows_of(evaluation.metrics),
        info=info or {},
        curves=curves(lines),
        labels=label_chart(by_label(evaluation, split)),
        terms=term_chart(by_term(evaluation, split), evaluation.metrics["t2i_R@10"]),
        **_of_embeddings(evaluation, split, model, umap),
        by_text=text_examples(evaluation, split),
        by_image=image_examples(evaluation, split),
    )
    write_text(directory / "report.html", page)
    return directory / "report.html"


def _of_embeddings(evaluation: Evaluation, split: Split, model: Embedder | None, umap: bool) -> dict[str, Any]:
    """What the report shows of embeddings; nothing without them."""
    embedded, bare = evaluation.embedded, evaluation.without_adapters
    if embedded is None:
        return {}
    wrong = wrong_hits(embedded)
    confused = confusion(wrong, evaluation, split)
    chosen = spread(evaluation.hits.t2i_rank, 0, 1)
    return {
        "confused": confused,
        "confusion": confusion_chart(confused),
        "num_wrong": int((wrong.t2i_margin > 0).sum()),
        "negatives": negatives(wrong, embedded, split),
        "gap": modality_gap(embedded),
        "bare_gap": modality_gap(bare.embedded) if bare is not None and bare.embedded is not None else None,
        "maps": _maps(embedded, split, umap),
        "reasons": reasons(model, embedded, split, chosen) if model is not None else [],
    }


def _maps(embedded: Embedded, split: Split, umap: bool) -> str:
    maps = [("PCA", pca_map(embedded), False), ("PCA, modality gap taken out", pca_map(embedded, close_gap=True), True)]
    if umap:
        maps.append(("UMAP", umap_map(embedded), True))
    shown = [
        (f"{title} ({100 * sum(places.explained):.0f}% of the variance)" if places.explained else title, places, label)
        for title, places, label in maps
    ]
    return map_chart(shown, embedded, split)
