"""Pictures with labels and the texts that ask for them, embedded once and kept."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harma.data.description import SPLITS
from harma.data.synthetic.scenes import GROUNDS, LINES, OBJECT_KINDS, make_scene
from harma.model.saved import load

BATCH = 256
# Names of classes in file names, which nobody writes in one word.
WORDS = {
    "agricultural": "agricultural land",
    "bareland": "bare land",
    "baseballdiamond": "baseball diamond",
    "baseballfield": "baseball field",
    "denseresidential": "dense residential area",
    "footballfield": "football field",
    "golfcourse": "golf course",
    "mediumresidential": "medium residential area",
    "mobilehomepark": "mobile home park",
    "parkinglot": "parking lot",
    "railwaystation": "railway station",
    "sparseresidential": "sparse residential area",
    "storagetanks": "storage tanks",
    "tenniscourt": "tennis court",
}


@dataclass(frozen=True)
class LabelledSet:
    """Embeddings (n, E) of pictures, their labels (n, C), and the texts of the labels (C, E)."""

    name: str
    embeddings: np.ndarray
    labels: np.ndarray
    texts: np.ndarray
    classes: list[str]


def captioned_set(name, root, model, cache):
    """UCM-Captions or RSICD: the class of a picture is in the name of its file."""
    names = {
        row["image"]
        for file in sorted(root.glob("*.json"))
        if "multilabels" not in file.name
        for row in json.loads(file.read_text())
    }
    files = sorted(names)
    own = [re.match("[a-z]+", Path(file).name.lower())[0] for file in files]
    classes = sorted(set(own))
    labels = np.array(own)[:, np.newaxis] == np.array(classes)
    return _embedded(
        name, [root / "images" / file for file in files], labels, classes, model, cache
    )


def made_set(root, model, cache):
    """Scenes that the package drew (`make_scenes`): what is in each is told by its seed."""
    record = json.loads((root / "made_from.json").read_text())
    files = sorted(root.glob("images/*.png"))
    classes = [*OBJECT_KINDS, *LINES, *GROUNDS, "bridge"]
    labels = np.zeros((len(files), len(classes)), dtype=bool)
    for row, file in enumerate(files):
        split, number = file.stem.split("_")
        seed = (record["seed"], SPLITS.index(split), int(number))
        scene = make_scene(np.random.default_rng(seed))
        shown = {group.kind for group in scene.groups} | {scene.line, scene.ground}
        if scene.bridge:
            shown.add("bridge")
        labels[row] = np.isin(classes, list(shown))
    return _embedded(root.name, files, labels, classes, model, cache)


def _embedded(name, files, labels, classes, model, cache):
    kept = cache / f"{name}.npz"
    if not kept.is_file():
        loaded = load(model)
        batches = [files[start : start + BATCH] for start in range(0, len(files), BATCH)]
        embeddings = np.concatenate([loaded.embed_images([*map(str, part)]) for part in batches])
        texts = loaded.embed_texts([WORDS.get(name, name) for name in classes])
        cache.mkdir(parents=True, exist_ok=True)
        np.savez(kept, embeddings=embeddings, texts=texts, labels=labels, classes=classes)
    found = np.load(kept)
    # As an index keeps them.
    rows = found["embeddings"].astype(np.float16).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return LabelledSet(name, rows, found["labels"], found["texts"], found["classes"].tolist())
