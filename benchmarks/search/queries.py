"""Judged queries made of labels: one, two, one without another, with an example; counts."""

import itertools
import re

import numpy as np

from harma.curation.vocabulary.lemmas import singular
from harma.evaluation.judging import JudgedQuery
from harma.index.ask import Query

# Pictures that must be relevant to a query of two labels.
LEAST_OF_PAIR = 5
# Examples of a label, of a pair.
EXAMPLES, EXAMPLES_OF_PAIR = 8, 3
COUNTS = ("two", "three", "four", "many")
# Captions of a picture, of which so many say a count where it is true, and so many pictures.
LEAST_CAPTIONS, LEAST_COUNTED = 2, 3


class Queries:
    """Queries of a labelled set; `options` of all of them go to `Query`."""

    def __init__(self, labelled, **options):
        self.labelled = labelled
        self.options = options
        self.rng = np.random.default_rng(0)

    def singles(self):
        """The word of each label."""
        labelled = self.labelled
        return [
            self._judged(word, is_relevant, text=word)
            for word, is_relevant in zip(labelled.words, labelled.labels.T, strict=True)
        ]

    def pairs(self):
        """Two labels that five or more pictures have both."""
        labelled = self.labelled
        queries = []
        for a, b in itertools.combinations(range(len(labelled.words)), 2):
            both = labelled.labels[:, a] & labelled.labels[:, b]
            if both.sum() >= LEAST_OF_PAIR:
                text = f"{labelled.words[a]} and {labelled.words[b]}"
                queries.append(self._judged(text, both, text=text))
        return queries

    def without(self, *, is_said=True):
        """One label without another; what should be away is said as `unlike`, or not at all."""
        labelled = self.labelled
        queries = []
        for a, b in itertools.permutations(range(len(labelled.words)), 2):
            only = labelled.labels[:, a] & ~labelled.labels[:, b]
            both = labelled.labels[:, a] & labelled.labels[:, b]
            if min(only.sum(), both.sum()) < LEAST_OF_PAIR:
                continue
            unlike = [labelled.words[b]] if is_said else []
            name = f"{labelled.words[a]} without {labelled.words[b]}"
            queries.append(self._judged(name, only, text=labelled.words[a], unlike=unlike))
        return queries

    def alike(self, *, text=True, picture=True):
        """The word of a label with a picture that has it as its rarest."""
        labelled = self.labelled
        rarest = self._rarest()
        queries = []
        for label, word in enumerate(labelled.words):
            shown = np.flatnonzero(rarest == label)[:EXAMPLES]
            for number in shown:
                name = f"{word}, picture {number}"
                asked = self._asked(text and word, picture and labelled.examples[number])
                queries.append(self._judged(name, labelled.labels[:, label], **asked))
        return queries

    def composed(self, *, text=True, picture=True):
        """A picture with one label as its rarest, and the word of another that it lacks."""
        labelled = self.labelled
        rarest = self._rarest()
        queries = []
        for a, b in itertools.permutations(range(len(labelled.words)), 2):
            both = labelled.labels[:, a] & labelled.labels[:, b]
            if both.sum() < LEAST_OF_PAIR:
                continue
            examples = np.flatnonzero((rarest == a) & ~labelled.example_labels[:, b])
            for number in examples[:EXAMPLES_OF_PAIR]:
                name = f"picture {number} of {labelled.words[a]}, with {labelled.words[b]}"
                asked = self._asked(
                    text and labelled.words[b], picture and labelled.examples[number]
                )
                queries.append(self._judged(name, both, **asked))
        return queries

    def counts(self):
        """A number of things, such as "two planes", where captions say so."""
        pictures = [
            [[singular(word) for word in re.findall("[a-z]+", text.lower())] for text in own]
            for own in self.labelled.captions
        ]
        nouns = sorted({singular(word.split()[-1]) for word in self.labelled.words} | {"plane"})
        queries = []
        for count, noun in itertools.product(COUNTS, nouns):
            is_said = [
                sum(_says(words, count, noun) for words in own) >= LEAST_CAPTIONS
                for own in pictures
            ]
            if sum(is_said) >= LEAST_COUNTED:
                text = f"{count} {noun}s"
                queries.append(self._judged(text, np.array(is_said), text=text))
        return queries

    def captions(self):
        """Each distinct caption, which belongs to one picture or more."""
        numbers = {}
        for number, own in enumerate(self.labelled.captions):
            for text in own:
                numbers.setdefault(text, set()).add(number)
        places = np.arange(len(self.labelled.files))
        return [
            self._judged(text, np.isin(places, list(shown)), text=text)
            for text, shown in numbers.items()
            if text
        ]

    def _rarest(self):
        """The rarest label of each example; -1 where it has none."""
        labels = self.labelled.example_labels
        frequency = np.where(labels, labels.sum(axis=0), len(labels) + 1)
        return np.where(labels.any(axis=1), frequency.argmin(axis=1), -1)

    def _asked(self, text, picture):
        asked = {}
        if text:
            asked["text"] = text
        if picture:
            asked["image"] = str(picture)
        return asked

    def _judged(self, name, is_relevant, **asked):
        files = self.labelled.files
        relevance = {
            str(file.resolve()): int(flag) for file, flag in zip(files, is_relevant, strict=True)
        }
        return JudgedQuery(name, Query(**asked, **self.options), relevance)


def _says(words, count, noun):
    """Whether a count stands up to three words before a noun."""
    return any(
        word == count and noun in words[place + 1 : place + 4] for place, word in enumerate(words)
    )
