"""Zero-shot classification: which class an image is of, without training on the classes.

An image and a text are compared by the cosine of their embeddings, as in search. A class is the
mean of the embeddings of its prompts, normalised again; plain prompts and those that name what is
typical of the class count half each (see `harma.model.class_prompts`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from harma.errors import ConfigError
from harma.model.checked_inputs import image_embeddings, normalized_rows
from harma.model.class_prompts import TEMPLATES, class_prompts, in_words
from harma.model.embedding import Embeddings, Images, embed_texts
from harma.model.opened import OpenedModel

# Of labels that are none of the classes a message names so many.
NAMED_LABELS = 5


@dataclass(frozen=True)
class ClassScore:
    """A class, and how well it fits an image.

    Attributes:
        name: of the class, as given.
        probability: softmax over the classes: which of them fits best, not whether one fits at all.
        cosine: of image and class: whether it fits at all.
    """

    name: str
    probability: float
    cosine: float


@dataclass(frozen=True, eq=False)
class Classified:
    """Images and classes compared.

    Attributes:
        classes: their names as given, C.
        cosines: of image and class, float32 (N, C).
        probabilities: softmax of the cosines over the model's temperature, float32 (N, C). They say
            which of these classes fits best, not whether one fits at all: that is in the cosines.
    """

    classes: tuple[str, ...]
    cosines: Embeddings
    probabilities: Embeddings

    @property
    def predicted(self) -> NDArray[np.int64]:
        """Number of the best class of each image (N,); of equal ones the first."""
        best: NDArray[np.int64] = self.cosines.argmax(axis=1)
        return best

    @property
    def best(self) -> list[ClassScore]:
        """The best class of each image, N."""
        return [self._score(row, index) for row, index in enumerate(self.predicted.tolist())]

    def scores(self, k: int | None = None) -> list[tuple[ClassScore, ...]]:
        """For each image its k best classes (None: all), best first; equal ones as given."""
        order = (-self.cosines).argsort(axis=1, kind="stable")[:, :k]
        return [self._scores_of(row, indices) for row, indices in enumerate(order.tolist())]

    def _scores_of(self, row: int, indices: Sequence[int]) -> tuple[ClassScore, ...]:
        return tuple(self._score(row, index) for index in indices)

    def _score(self, row: int, index: int) -> ClassScore:
        return ClassScore(
            self.classes[index],
            float(self.probabilities[row, index]),
            float(self.cosines[row, index]),
        )


def classify(
    model: OpenedModel,
    images: Images,
    classes: Sequence[str],
    *,
    templates: Sequence[str] = TEMPLATES,
    terms: Mapping[str, Sequence[str]] | None = None,
    batch_size: int = 64,
) -> Classified:
    """Say which class images are of.

    ::

        result = harma.classify(model, ["a.png", "b.tif"], ["river", "forest", "storage_tanks"])
        for best in result.best:
            print(best.name, best.probability)

    Args:
        model: embeds, as `harma.load` gives it.
        images: paths, PIL images or arrays, N; or their embeddings, a float array (N, E).
        classes: names, two or more; `storage_tanks` and `storageTanks` are read as storage tanks.
        templates: sentences in which {} stands for the class.
        terms: class → what is typical of it, for more prompts, such as
            `harma.model.class_prompts.vocabulary_terms` takes from the captions of a data set. A
            class that is not in it keeps the plain prompts.
        batch_size: images at once.

    Returns:
        Cosines and probabilities of every image and class; records in `best` and `scores`.

    Raises:
        ConfigError: there are fewer than two classes, or no template; two of them say the same; a
            template lacks {}; terms are of a class that is not there.
        MissingFileError: an image is not there.
        DataError: one cannot be read.
    """
    centres = class_embeddings(model, classes, templates=templates, terms=terms)
    cosines = image_embeddings(model, images, batch_size=batch_size) @ centres.T
    logits = cosines.astype(np.float64) / float(torch.as_tensor(model.temperature).detach())
    # Less the largest of a row: a small temperature would overflow the exponential.
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    return Classified(tuple(classes), cosines, probabilities)


def class_embeddings(
    model: OpenedModel,
    classes: Sequence[str],
    *,
    templates: Sequence[str] = TEMPLATES,
    terms: Mapping[str, Sequence[str]] | None = None,
) -> Embeddings:
    """Embed classes, see `classify`: float32 (C, E), L2-normalised."""
    prompts = class_prompts(classes, templates=templates, terms=terms)
    texts: list[str] = []
    for of_class in prompts:
        texts += [*of_class.plain, *of_class.with_terms]
    # All at once, since batches of prompts of one length are cheaper than a batch for each class.
    rows = embed_texts(model, texts)
    # The rows are those of the classes one after the other, plain prompts first.
    centres = np.empty((len(prompts), model.embed_dim), dtype=np.float32)
    start = 0
    for index, of_class in enumerate(prompts):
        middle = start + len(of_class.plain)
        stop = middle + len(of_class.with_terms)
        centres[index] = rows[start:middle].mean(axis=0)
        if of_class.with_terms:
            # Half each, however many terms there are: the name of a class is what is known best.
            centres[index] = (centres[index] + rows[middle:stop].mean(axis=0)) / 2
        start = stop
    return normalized_rows(centres, "classes")


# -- how often it is right -------------------------------------------------------------------------


@dataclass(frozen=True)
class Accuracy:
    """How often the best class is the true one.

    Attributes:
        right: images of each class that were recognised, by class; classes without images are left
            out.
        total: images of each class.
    """

    right: dict[str, int]
    total: dict[str, int]

    @property
    def overall(self) -> float:
        """Share of all images, percent."""
        return 100 * sum(self.right.values()) / sum(self.total.values())

    @property
    def mean(self) -> float:
        """Mean over classes, percent: every class counts alike, however many images it has."""
        return 100 * float(np.mean([self.right[name] / self.total[name] for name in self.total]))


def accuracy(result: Classified, labels: Sequence[str]) -> Accuracy:
    """Compare the best classes with the true ones.

    Args:
        result: of N images, one at least.
        labels: true class of each, N; written as the classes or another way (`in_words`).

    Raises:
        ConfigError: a label is none of the classes, or there are not as many as images.
    """
    if len(labels) != len(result.cosines) or not labels:
        raise ConfigError(
            f"there are {len(labels):,} labels for {len(result.cosines):,} images; give one for"
            " each"
        )
    # A class that no image has would be a division by nothing: only those that occur are counted.
    true = _class_numbers(result.classes, labels)
    is_right = result.predicted == true
    right = {}
    total = {}
    for index in np.unique(true).tolist():
        of_class = true == index
        right[result.classes[index]] = int(is_right[of_class].sum())
        total[result.classes[index]] = int(of_class.sum())
    return Accuracy(right, total)


def _class_numbers(classes: Sequence[str], labels: Sequence[str]) -> NDArray[np.int64]:
    """The number of each label's class (N,).

    Raises:
        ConfigError: a label is none of the classes.
    """
    indices = {in_words(name): index for index, name in enumerate(classes)}
    unknown = sorted({label for label in labels if in_words(label) not in indices})
    if unknown:
        named = ", ".join(unknown[:NAMED_LABELS])
        if len(unknown) > NAMED_LABELS:
            named = f"{named}, …"
        raise ConfigError(
            f"{len(unknown)} labels are none of the classes: {named}; the classes are"
            f" {', '.join(classes)}"
        )
    return np.array([indices[in_words(label)] for label in labels])
