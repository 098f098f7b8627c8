"""The HTML report: one file with figures, curves and pictures, without any request to elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from harma.data.split import Split
from harma.evaluation.breakdown import by_label, by_term
from harma.evaluation.charts import MOST_LABELS, curves, label_chart, most_images, term_chart
from harma.evaluation.embedding_charts import NUMBERED, confusion_chart, map_chart
from harma.evaluation.embedding_map import modality_gap, pca_map, umap_map
from harma.evaluation.examples import image_examples, spread, text_examples
from harma.evaluation.negatives import negatives
from harma.evaluation.reasons import reasons
from harma.evaluation.retrieval import Embedded, Evaluation
from harma.evaluation.table import rows_of
from harma.evaluation.wrong_answers import WrongHits, confusions, wrong_hits
from harma.ground.files import write_text
from harma.ground.reading import read_events
from harma.model.embedding import Embedder


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

    What needs labels, embeddings or a log is left out where there are none; the page says so at its
    end.

    Returns:
        The file.

    Raises:
        DataError: an image to show cannot be read.
        MissingDependencyError: umap-learn is asked for and not installed.
    """
    directory = Path(directory)
    lines = list(read_events(directory / "log.jsonl"))
    recalls, terms = by_label(evaluation, split), by_term(evaluation, split)
    drawn = most_images(recalls)
    shown: dict[str, Any] = {
        "curves": curves(lines),
        "labels": label_chart(drawn),
        "recalls": recalls,
        "num_drawn": len(drawn),
        "terms": term_chart(terms, evaluation.metrics["t2i_R@10"]),
        "term_recalls": terms,
        **_of_embeddings(evaluation, split, model, umap),
        "by_text": text_examples(evaluation, split),
        "by_image": image_examples(evaluation, split),
    }
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harma.evaluation"), autoescape=True
    )
    page = environment.get_template("report.html.jinja").render(
        title=directory.resolve().name,
        evaluation=evaluation,
        bare=evaluation.without_adapters,
        baseline=baseline,
        rows=rows_of(evaluation.metrics),
        info=info or {},
        left_out=_left_out(shown, evaluation, model),
        **shown,
    )
    write_text(directory / "report.html", page)
    return directory / "report.html"


def _left_out(
    shown: Mapping[str, Any], evaluation: Evaluation, model: Embedder | None
) -> list[str]:
    """What this page does not have, and why."""
    missing = []
    if not shown["curves"]:
        missing.append("curves of the training: there is no log of it beside this page")
    if not shown["recalls"]:
        missing.append("recall by label: the split has no labels")
    if not shown["terms"]:
        missing.append("recall by term: no term has captions of 10 images")
    if evaluation.embedded is None:
        return [
            *missing,
            "all that needs embeddings, which were not kept: evaluate the model again",
        ]
    if not shown["confusions"]:
        missing.append(
            f"labels mixed up: the split has {'one label' if shown['recalls'] else 'no labels'}"
        )
    if not shown["negatives"]:
        missing.append("hardest negatives: no caption has a wrong image before its own")
    if model is None:
        missing.append("why a hit was found: the page was written without the model")
    return missing


def _of_embeddings(
    evaluation: Evaluation, split: Split, model: Embedder | None, umap: bool
) -> dict[str, Any]:
    """What the report shows of embeddings; nothing without them."""
    embedded, bare = evaluation.embedded, evaluation.without_adapters
    if embedded is None:
        return {}
    wrong = wrong_hits(embedded)
    chosen = spread(evaluation.hits.t2i_rank, 0, 1)
    return {
        "confusions": _confusions(wrong, embedded, split),
        "negatives": negatives(wrong, embedded, split),
        "gap": modality_gap(embedded),
        "bare_gap": modality_gap(bare.embedded)
        if bare is not None and bare.embedded is not None
        else None,
        "maps": _maps(embedded, split, umap),
        "reasons": reasons(model, embedded, split, chosen) if model is not None else [],
    }


def _confusions(wrong: WrongHits, embedded: Embedded, split: Split) -> list[dict[str, Any]]:
    """The mixed up labels of either direction; [] without two labels."""
    both = confusions(wrong, embedded, split)
    if both is None or len(both[0].names) < 2:
        return []
    shown = []
    for whole, query, answer in zip(both, ("caption", "image"), ("image", "caption"), strict=True):
        part = whole if len(whole.names) <= MOST_LABELS else whole.most_confused(NUMBERED)
        shown.append(
            {
                "chart": confusion_chart(part, query, answer),
                "query": query,
                "answer": answer,
                "whole": whole,
                "part": part,
            }
        )
    return shown


def _maps(embedded: Embedded, split: Split, umap: bool) -> str:
    maps = [
        ("PCA", pca_map(embedded), False),
        ("PCA, modality gap taken out", pca_map(embedded, close_gap=True), True),
    ]
    if umap:
        maps.append(("UMAP", umap_map(embedded), True))
    shown = [
        (
            f"{title} ({100 * sum(places.explained):.0f}% of the variance)"
            if places.explained
            else title,
            places,
            label,
        )
        for title, places, label in maps
    ]
    return map_chart(shown, embedded, split)
