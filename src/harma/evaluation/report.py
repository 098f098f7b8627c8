"""The HTML report: one file with figures, curves and pictures, without any request to elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from harma.data.split import Split
from harma.evaluation.breakdown import LabelRecall, TermRecall, by_label, by_term
from harma.evaluation.charts import MOST_LABELS, curves, label_chart, most_images, term_chart
from harma.evaluation.embedding_charts import NUMBERED, Panel, confusion_chart, map_chart
from harma.evaluation.embedding_map import ModalityGap, modality_gap, pca_map, umap_map
from harma.evaluation.examples import image_examples, text_examples, varied_queries
from harma.evaluation.negatives import Negative, negatives
from harma.evaluation.relevance import RelevanceExample, relevance_examples
from harma.evaluation.retrieval import Embedded, Evaluation
from harma.evaluation.table import rows_of
from harma.evaluation.wrong_answers import Confusion, WrongHits, confusions, wrong_hits
from harma.ground.files import write_text
from harma.ground.reading import read_events
from harma.model.embedding import Embedder


@dataclass(frozen=True)
class _ShownConfusion:
    """Labels mixed up in one direction: the part that is drawn, and the whole."""

    chart: str
    query: str
    answer: str
    whole: Confusion
    part: Confusion


@dataclass(frozen=True)
class _OfEmbeddings:
    """What the page shows of embeddings; empty without them."""

    confusions: tuple[_ShownConfusion, ...] = ()
    negatives: tuple[Negative, ...] = ()
    gap: ModalityGap | None = None
    bare_gap: ModalityGap | None = None
    maps: str = ""
    reasons: tuple[RelevanceExample, ...] = ()


def write_report(
    directory: str | Path,
    *,
    evaluation: Evaluation,
    split: Split,
    baseline: str | None = None,
    info: Mapping[str, Any] | None = None,
    model: Embedder | None = None,
    umap: bool = False,
) -> Path:
    """Write `report.html` into a directory.

    What needs labels, embeddings or a log is left out where there are none; the page says so at its
    end.

    Args:
        directory: where; its log.jsonl, if there is one, gives the curves.
        evaluation: figures and embeddings.
        split: the images and captions they are of.
        baseline: heading of the column beside the model's; None takes the evaluation's.
        info: facts to state: method, parameters, which split chose the model.
        model: that was evaluated, for the maps of why a hit was found; None leaves them out.
        umap: also draw a UMAP of the embeddings, which takes a minute or two.

    Returns:
        The file.

    Raises:
        DataError: an image to show cannot be read.
        MissingDependencyError: umap-learn is asked for and not installed.
    """
    directory = Path(directory)
    training = curves(list(read_events(directory / "log.jsonl")))
    recalls = by_label(evaluation, split)
    drawn = most_images(recalls)
    terms = by_term(evaluation, split)
    of_embeddings = _of_embeddings(evaluation, split, model, umap)
    # Captions and file names are text of others, and escaped everywhere.
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harma.evaluation"), autoescape=True
    )
    page = environment.get_template("report.html.jinja").render(
        title=directory.resolve().name,
        evaluation=evaluation,
        bare=evaluation.without_adapters,
        baseline=baseline or evaluation.baseline,
        rows=rows_of(evaluation.metrics),
        info=info or {},
        curves=training,
        labels=label_chart(drawn),
        recalls=recalls,
        num_drawn=len(drawn),
        terms=term_chart(terms, evaluation.metrics["t2i_R@10"]),
        term_recalls=terms,
        **vars(of_embeddings),
        by_text=text_examples(evaluation, split),
        by_image=image_examples(evaluation, split),
        left_out=[
            *_left_out(training, recalls, terms),
            *_left_out_of_embeddings(of_embeddings, evaluation, recalls, model),
        ],
    )
    write_text(directory / "report.html", page)
    return directory / "report.html"


def _left_out(
    training: str, recalls: tuple[LabelRecall, ...], terms: tuple[TermRecall, ...]
) -> list[str]:
    """What this page does not have of log and annotations, and why."""
    missing = []
    if not training:
        missing.append("curves of the training: there is no log of it beside this page")
    if not recalls:
        missing.append("recall by label: the split has no labels")
    if not terms:
        missing.append("recall by term: no term has captions of 10 images")
    return missing


def _left_out_of_embeddings(
    shown: _OfEmbeddings,
    evaluation: Evaluation,
    recalls: tuple[LabelRecall, ...],
    model: Embedder | None,
) -> list[str]:
    """What this page does not have of embeddings, and why."""
    if evaluation.embedded is None:
        return ["all that needs embeddings, which were not kept: evaluate the model again"]
    # A reader should see that a section is missing for a reason, not by a fault.
    missing = []
    if not shown.confusions:
        labels = "one label" if recalls else "no labels"
        missing.append(f"labels mixed up: the split has {labels}")
    if not shown.negatives:
        missing.append("hardest negatives: no caption has a wrong image before its own")
    if model is None:
        missing.append("why a hit was found: the page was written without the model")
    return missing


def _of_embeddings(
    evaluation: Evaluation, split: Split, model: Embedder | None, umap: bool
) -> _OfEmbeddings:
    embedded = evaluation.embedded
    if embedded is None:
        return _OfEmbeddings()
    bare = evaluation.without_adapters
    bare_gap = None
    if bare is not None and bare.embedded is not None:
        bare_gap = modality_gap(bare.embedded)
    examples: list[RelevanceExample] = []
    if model is not None:
        # One caption that found its image at once, one late, one not at all.
        captions = varied_queries(evaluation.hits.t2i_rank, seed=0, each=1)
        examples = relevance_examples(model, embedded, split, captions)
    wrong = wrong_hits(embedded)
    return _OfEmbeddings(
        confusions=_confusions(wrong, embedded, split),
        negatives=tuple(negatives(wrong, embedded, split)),
        gap=modality_gap(embedded),
        bare_gap=bare_gap,
        maps=_maps(embedded, split, umap),
        reasons=tuple(examples),
    )


def _confusions(wrong: WrongHits, embedded: Embedded, split: Split) -> tuple[_ShownConfusion, ...]:
    """The mixed up labels of either direction; () without two labels."""
    both = confusions(wrong, embedded, split)
    if both is None or len(both[0].names) < 2:
        return ()
    t2i, i2t = both
    return (_shown(t2i, "caption", "image"), _shown(i2t, "image", "caption"))


def _shown(whole: Confusion, query: str, answer: str) -> _ShownConfusion:
    part = whole
    if len(whole.names) > MOST_LABELS:
        # More labels than can be read in a matrix: those that are mixed up most.
        part = whole.most_confused(NUMBERED)
    return _ShownConfusion(confusion_chart(part, query, answer), query, answer, whole, part)


def _maps(embedded: Embedded, split: Split, umap: bool) -> str:
    # The gap between images and captions often takes the first direction alone; the second map
    # shows what lies behind it.
    pca = pca_map(embedded)
    closed = pca_map(embedded, close_gap=True)
    panels = [
        Panel(f"PCA{_share(pca.explained)}", pca, by_label=False),
        Panel(f"PCA, modality gap taken out{_share(closed.explained)}", closed, by_label=True),
    ]
    if umap:
        panels.append(Panel("UMAP", umap_map(embedded), by_label=True))
    return map_chart(panels, embedded, split)


def _share(explained: tuple[float, ...]) -> str:
    return f" ({100 * sum(explained):.0f}% of the variance)"
