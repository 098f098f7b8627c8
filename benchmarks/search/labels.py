"""Pictures with labels: UCM's 17 (Chaudhuri et al., IEEE TGRS 2018), and scenes that were drawn."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harma.data.captions import clean_caption
from harma.data.description import SPLITS
from harma.data.synthetic.scenes import GROUNDS, LINES, OBJECT_KINDS, make_scene

# What a person would type; most labels are words as they are.
UCM_WORDS = {
    "bare-soil": "bare soil",
    "court": "tennis court",
    "mobile-home": "mobile home",
    "ship": "boats",
    "tanks": "storage tanks",
}
# Labels that all of a set have, or none, say nothing.
LEAST_IMAGES = 3


@dataclass(frozen=True)
class LabelledSet:
    """Pictures of a split, and others to show as examples.

    Attributes:
        name: of the set and split.
        files: pictures (n,).
        labels: what each shows (n, C).
        words: what a person types for each label (C,).
        captions: of each picture.
        examples: pictures of the training split.
        example_labels: what they show.
    """

    name: str
    files: list[Path]
    labels: np.ndarray
    words: list[str]
    captions: list[list[str]]
    examples: list[Path]
    example_labels: np.ndarray


def ucm_set(root, split):
    """A split of UCM-Captions with the labels beside it."""
    known = json.loads((root / "ucm_multilabels.json").read_text())
    names = sorted({label for labels in known.values() for label in labels})
    words = [UCM_WORDS.get(name, name) for name in names]

    def read(split):
        captions = _captions(root / f"ucm_{split}.json")
        shown = [known[Path(image).stem] for image in captions]
        labels = np.array([[name in own for name in names] for own in shown])
        return [root / "images" / image for image in captions], labels, list(captions.values())

    files, labels, captions = read(split)
    examples, example_labels, _ = read("train")
    return LabelledSet(f"ucm {split}", files, labels, words, captions, examples, example_labels)


def drawn_set(root, split):
    """A split of `make_scenes`: what is in each scene is told by its seed."""
    record = json.loads((root / "made_from.json").read_text())
    words = [*OBJECT_KINDS, *LINES, *GROUNDS, "bridge"]

    def read(split):
        files = sorted(root.glob(f"images/{split}_*.png"))
        return files, np.array([np.isin(words, _drawn(record["seed"], file)) for file in files])

    files, labels = read(split)
    examples, example_labels = read("train")
    of_images = _captions(root / f"{split}.json")
    captions = [of_images[file.name] for file in files]
    is_told = (labels.sum(axis=0) >= LEAST_IMAGES) & (labels.mean(axis=0) < 1)
    return LabelledSet(
        f"drawn scenes, {split}",
        files,
        labels[:, is_told],
        [word for word, told in zip(words, is_told, strict=True) if told],
        captions,
        examples,
        example_labels[:, is_told],
    )


def _drawn(seed, file):
    """Everything that a drawn scene shows."""
    split, number = file.stem.split("_")
    scene = make_scene(np.random.default_rng((seed, SPLITS.index(split), int(number))))
    shown = [group.kind for group in scene.groups] + [scene.line, scene.ground]
    if scene.bridge:
        shown.append("bridge")
    return [word for word in shown if word]


def _captions(file):
    """Image → its captions; a training split has a row for each caption."""
    captions = {}
    for row in json.loads(file.read_text()):
        texts = row["caption"]
        if isinstance(texts, str):
            texts = [texts]
        name = Path(row["image"]).name
        captions.setdefault(name, []).extend(clean_caption(text) for text in texts)
    return captions
