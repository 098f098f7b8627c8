"""An index of a labelled set for each model and number of tiles, and figures over models."""

from pathlib import Path

import numpy as np

from harma.evaluation.bootstrap import ratio_interval
from harma.evaluation.judging import Figure, evaluate_search
from harma.index.index import Index
from harma.index.standing import STANDINGS
from harma.model.saved import load

MEASURES = ("AP", "nDCG@10", "P@10")


class Archive:
    """Indexes of the pictures of a labelled set, by one model."""

    def __init__(self, labelled, model, directory):
        self.labelled = labelled
        self.path = model
        self.model = load(model)
        self.directory = directory / f"{labelled.name} {Path(model).parent.name} {Path(model).name}"
        self._indexes = {}

    def index(self, tiles):
        """The index of so many tiles, made when it is first asked for."""
        if tiles not in self._indexes:
            directory = self.directory / str(tiles)
            outcome = Index.build(
                directory, self.labelled.files, self.path, whole=True, tiles=tiles, num_workers=0
            )
            assert not outcome.problems
            self._indexes[tiles] = Index.open(directory, model=self.model)
        return self._indexes[tiles]


def evaluated(archives, queries, *, tiles=1):
    """An evaluation of each model."""
    depth = len(archives[0].labelled.files)
    return [
        evaluate_search(archive.index(tiles), queries, by="source", depth=depth, resamples=1)
        for archive in archives
    ]


def by_query(evaluations, measure):
    """Each query's figure, percent, as a mean over models (Q,)."""
    figures = [[found.figures[measure] for found in one.queries] for one in evaluations]
    return 100 * np.mean(figures, axis=0)


def told(evaluations):
    """Means over queries and models; mAP of each model behind them."""
    cells = [f"{by_query(evaluations, measure).mean():5.1f}" for measure in MEASURES]
    own = [f"{by_query([one], 'AP').mean():.1f}" for one in evaluations]
    return " | ".join(cells) + f" | {', '.join(own)}"


def gain_of(evaluations, others, measure="AP"):
    """Gain in a measure, percent, with the 95 % interval of a paired bootstrap over queries."""
    gains = by_query(evaluations, measure) - by_query(others, measure)
    return Figure(gains.mean(), *ratio_interval(gains, np.ones(len(gains))))


def difference(evaluations, others, measure="AP"):
    """`gain_of` in words."""
    gain = gain_of(evaluations, others, measure)
    return f"{gain.mean:+.1f} [{gain.low:+.1f}, {gain.high:+.1f}]"


def standings(evaluations):
    """What each standing is worth over all queries and models: relevant, of hits."""
    cells = []
    for name in STANDINGS:
        hits = sum(one.standings[name].hits for one in evaluations)
        relevant = sum(one.standings[name].relevant for one in evaluations)
        share = f"{relevant / hits:.2f}" if hits else "-"
        cells.append(f"{name} {share} of {hits:,}")
    return ", ".join(cells)
