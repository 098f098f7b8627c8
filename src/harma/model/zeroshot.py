"""Without training on classes: which class an image is of, and which captions fit it.

An image and a text are compared by the cosine of their embeddings, as in search. A class is several
prompts, since one wording is a matter of luck (Radford et al. 2021, section 3.1.4): the mean of
their embeddings, normalised again. They may also name what is typical of a class ("beach, wave"),
in the way of the descriptions of Menon and Vondrick (2023, arXiv 2210.07183): these and the plain
ones count half each.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harma.errors import ConfigError
from harma.model.embedding import Embeddings, embed_images, embed_texts
from harma.model.model import HarMA

TEMPLATES = (
    "an aerial photo of {}.",
    "a satellite image of {}.",
    "an overhead view of {}.",
    "{} seen from above.",
    "a remote sensing image that shows {}.",
    "an orthophoto of a place with {}.",
    "a picture of {}, taken from a plane.",
)
MOST_TERMS = 5
"""Terms of a class that its prompts name."""
# Cosines held at once: 64 MB.
BLOCK_COSINES = 1 << 24
# Where words begin in a name without spaces: storageTanks, RVPark.
INNER_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


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


@dataclass(frozen=True, eq=False)
class RankedCaptions:
    """The captions that fit images best.

    Attributes:
        captions: the list they are from, M.
        order: numbers of the best captions of each image, best first, int64 (N, k); equal ones in
            the list's order.
        cosines: theirs, float32 (N, k).
    """

    captions: tuple[str, ...]
    order: NDArray[np.int64]
    cosines: Embeddings


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


def classify(
    model: HarMA,
    images: Any,
    classes: Sequence[str],
    *,
    templates: Sequence[str] = TEMPLATES,
    terms: Mapping[str, Sequence[str]] | None = None,
) -> Classified:
    """Compare images with classes.

    Args:
        model: embeds.
        images: paths, PIL images or arrays, N; or their embeddings, a float array (N, E).
        classes: names, two or more; see `in_words` for how they are read.
        templates: sentences in which {} stands for the class.
        terms: class → what is typical of it, for more prompts; see `typical_terms`. A class that is
            not in it keeps the plain prompts.

    Raises:
        ConfigError: there are fewer than two classes, or no template; two of them say the same; a
            template lacks {}; terms are of a class that is not there.
        MissingFileError: an image is not there.
        DataError: one cannot be read.
    """
    centres = class_embeddings(model, classes, templates=templates, terms=terms)
    cosines = _image_embeddings(model, images) @ centres.T
    logits = cosines.astype(np.float64) / float(model.temperature.detach())
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    return Classified(tuple(classes), cosines, probabilities)


def class_embeddings(
    model: HarMA,
    classes: Sequence[str],
    *,
    templates: Sequence[str] = TEMPLATES,
    terms: Mapping[str, Sequence[str]] | None = None,
) -> Embeddings:
    """Embed classes: the mean of each class's prompts, float32 (C, E), L2-normalised; see `classify`."""
    _check_texts(classes, "classes")
    words = [in_words(name) for name in classes]
    _check_distinct(words, "classes", classes)
    if len(words) < 2:
        raise ConfigError(
            f"classes holds one class ({classes[0]}); give two or more to choose from"
        )
    _check_texts(templates, "templates")
    _check_distinct(templates, "templates", templates)
    lacking = [template for template in templates if "{}" not in template]
    if lacking:
        raise ConfigError(
            f"the template {lacking[0]!r} lacks {{}}, the place of the class, as in"
            f" {TEMPLATES[0]!r}"
        )
    unknown = [name for name in terms or {} if name not in classes]
    if unknown:
        raise ConfigError(
            f"terms are given for {unknown[0]!r}, which is none of the classes:"
            f" {', '.join(classes)}"
        )
    # Of each class the plain prompts, then those with its terms; after a comma, as a term may be
    # any part of speech.
    places = [
        [word, *(f"{word}, {term}" for term in (terms or {}).get(name, ()))]
        for name, word in zip(classes, words, strict=True)
    ]
    prompts = [
        template.replace("{}", place) for own in places for place in own for template in templates
    ]
    # (prompts of all places / templates, templates, E) → a mean for each place.
    means = embed_texts(model, prompts).reshape(-1, len(templates), model.embed_dim).mean(axis=1)
    parts = np.split(means, np.cumsum([len(own) for own in places])[:-1])
    centres = [own[0] if len(own) == 1 else (own[0] + own[1:].mean(axis=0)) / 2 for own in parts]
    return _normalized(np.stack(centres), "classes")


def typical_terms(
    classes: Sequence[str], weights: Mapping[str, Mapping[str, float]], *, most: int = MOST_TERMS
) -> dict[str, tuple[str, ...]]:
    """What is typical of classes, from the vocabulary of captions with labels.

    Left out is what the name of the class says already, and what shares its words with a better
    term.

    Args:
        classes: names.
        weights: label → term → weight, such as TF-IDF (`harma.curation.vocabulary.label_terms`). A
            label belongs to the class of the same letters, whatever its case and separators; of
            several such labels a term has its largest weight.
        most: terms of a class.

    Returns:
        Class → its terms, best first; classes without any are left out.

    Raises:
        ConfigError: most is below 1.
    """
    if most < 1:
        raise ConfigError(f"most is {most}; it must be 1 or more")
    of_key: dict[str, dict[str, float]] = {}
    for label, own in weights.items():
        known = of_key.setdefault(_letters(label), {})
        for term, weight in own.items():
            known[term] = max(weight, known.get(term, weight))
    chosen = {
        name: _chosen(_letters(name), of_key.get(_letters(name), {}), most) for name in classes
    }
    return {name: terms for name, terms in chosen.items() if terms}


def _chosen(name: str, weights: Mapping[str, float], most: int) -> tuple[str, ...]:
    terms: list[str] = []
    for term in sorted(weights, key=lambda term: (-weights[term], term)):
        words = set(term.split())
        says_more = all(
            not words <= set(other.split()) and not words >= set(other.split()) for other in terms
        )
        if _letters(term) not in name and says_more:
            terms.append(term)
    return tuple(terms[:most])


def _letters(name: str) -> str:
    return in_words(name).replace(" ", "")


def rank_captions(
    model: HarMA, images: Any, captions: Sequence[str], *, k: int = 5
) -> RankedCaptions:
    """Find the captions of a list that fit images best.

    Args:
        model: embeds.
        images: paths, PIL images or arrays, N; or their embeddings, a float array (N, E).
        captions: to choose from, M.
        k: captions for each image; with fewer in the list, all of them.

    Raises:
        ConfigError: the list is empty, a caption is in it twice, or k is not positive.
        MissingFileError: an image is not there.
        DataError: one cannot be read.
    """
    if k < 1:
        raise ConfigError(f"k is {k}; it must be 1 or more")
    _check_texts(captions, "captions")
    _check_distinct(captions, "captions", captions)
    of_images, of_texts = _image_embeddings(model, images), embed_texts(model, captions)
    order = np.empty((len(of_images), min(k, len(captions))), dtype=np.int64)
    cosines = np.empty(order.shape, dtype=np.float32)
    step = max(1, BLOCK_COSINES // len(captions))
    for start in range(0, len(of_images), step):
        block = of_images[start : start + step] @ of_texts.T
        best = np.argsort(-block, axis=1, kind="stable")[:, : order.shape[1]]
        order[start : start + step] = best
        cosines[start : start + step] = np.take_along_axis(block, best, axis=1)
    return RankedCaptions(tuple(captions), order, cosines)


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
    numbers = {in_words(name): number for number, name in enumerate(result.classes)}
    unknown = sorted({label for label in labels if in_words(label) not in numbers})
    if unknown:
        raise ConfigError(
            f"{len(unknown)} labels are none of the classes: {', '.join(unknown[:5])}"
            f"{', …' if len(unknown) > 5 else ''}; the classes are {', '.join(result.classes)}"
        )
    true = np.array([numbers[in_words(label)] for label in labels])
    is_right = result.predicted == true
    present = np.unique(true).tolist()
    return Accuracy(
        right={result.classes[c]: int(is_right[true == c].sum()) for c in present},
        total={result.classes[c]: int((true == c).sum()) for c in present},
    )


def in_words(name: str) -> str:
    """The name of a class as a person would write it.

    `baseballDiamond`, `storage_tanks`, `dense-residential` become baseball diamond, storage tanks,
    dense residential.
    """
    return " ".join(re.sub(r"[_\-/]+", " ", INNER_START.sub(" ", name)).lower().split())


def _image_embeddings(model: HarMA, images: Any) -> Embeddings:
    """Embeddings (N, E) of what was given: images, or embeddings already."""
    if isinstance(images, np.ndarray) and images.ndim == 2 and images.dtype.kind == "f":
        if images.shape[1] != model.embed_dim:
            raise ConfigError(
                f"the image embeddings have {images.shape[1]} numbers each, the model's have"
                f" {model.embed_dim}; give embeddings by this model"
            )
        return _normalized(images.astype(np.float32), "image embeddings")
    return embed_images(model, images)


def _normalized(embeddings: Embeddings, what: str) -> Embeddings:
    norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
    if not (np.isfinite(norms) & (norms > 0)).all():
        row = int(np.argmax(~(np.isfinite(norms) & (norms > 0))))
        raise ConfigError(f"row {row} of the {what} is zero or not finite; embed it again")
    unit: Embeddings = embeddings / norms
    return unit


def _check_texts(texts: Sequence[str], what: str) -> None:
    if isinstance(texts, str):
        raise ConfigError(f"{what} is {texts!r}; give a list, such as [{texts!r}]")
    if len(texts) == 0:
        raise ConfigError(f"{what} is empty; give one or more")
    blank = next((number for number, text in enumerate(texts) if not text.strip()), None)
    if blank is not None:
        raise ConfigError(f"{what}[{blank}] is empty; write something, or leave it out")


def _check_distinct(texts: Sequence[str], what: str, shown: Sequence[str]) -> None:
    """Whether no two of them say the same."""
    first: dict[str, int] = {}
    for number, text in enumerate(texts):
        if text in first:
            raise ConfigError(
                f"{what} holds {shown[first[text]]!r} and {shown[number]!r}, which are the same"
            )
        first[text] = number
