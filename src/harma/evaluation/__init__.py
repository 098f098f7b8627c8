"""Evaluation: embed a split, count, compare, show."""

from harma.evaluation.bootstrap import difference_interval, mean_over_seeds, resample
from harma.evaluation.retrieval import (
    Evaluation,
    embed_split,
    evaluate_embeddings,
    evaluate_split,
)
from harma.evaluation.storage import load_evaluation, save_evaluation
from harma.evaluation.table import metrics_table

# Of a split that is read already; `harma.evaluate` takes a model and a data set by their names.
evaluate = evaluate_split

__all__ = [
    "Evaluation",
    "difference_interval",
    "embed_split",
    "evaluate",
    "evaluate_embeddings",
    "evaluate_split",
    "load_evaluation",
    "mean_over_seeds",
    "metrics_table",
    "resample",
    "save_evaluation",
]
