"""The ten-second test: one word for a change is typed, and the right module should be a hit.

    python benchmarks/find.py

The word is searched, from the beginnings of words on, in the paths of modules and in the first
lines of their docstrings. A change counts as found where the right module is the only hit, or among
at most three.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "harma"
MOST_HITS = 3


@dataclass(frozen=True)
class Change:
    """A change, the word that one would look for, and the module where it goes."""

    what: str
    word: str
    module: str


CHANGES = [
    Change("count R@20 too", "recall", "metrics.py"),
    Change("another margin of the triplet loss", "triplet", "losses.py"),
    Change("gradient caching with other chunks", "gradient caching", "training/step.py"),
    Change("what the optimiser decays", "weight decay", "training/optim.py"),
    Change("a warm-up of another form", "schedule", "training/optim.py"),
    Change("keep fewer checkpoints", "checkpoint", "training/checkpoints.py"),
    Change("a new option of a recipe", "recipe", "training/recipe.py"),
    Change("when a moving average begins", "moving average", "training/averages.py"),
    Change("mixing inside the gated adapter", "gated", "methods/harma/modules.py"),
    Change("LoRA on other layers", "lora", "methods/lora.py"),
    Change("list a method", "table", "methods/table.py"),
    Change("padding in windows of Swin", "padding", "backbones/layouts.py"),
    Change("a preset for another CLIP", "preset", "backbones/presets.py"),
    Change("a pickle that is refused", "pickle", "backbones/weights/safe_pickle.py"),
    Change("another address of the hub", "hub", "backbones/weights/hub.py"),
    Change("names in released checkpoints", "released", "original/names.py"),
    Change("a key of the original's YAML", "config", "original/config.py"),
    Change("text on the model card", "card", "model/card.py"),
    Change("write .npy in parts", "npy", "model/embedding_files.py"),
    Change("which model made an embedding", "fingerprint", "model/fingerprint.py"),
    Change("class prompts", "zero-shot", "model/zeroshot.py"),
    Change("a picture with 16 bits", "decoding", "scenes/picture.py"),
    Change("cleaning of captions", "cleaning", "data/captions.py"),
    Change("stronger random augmentation", "augment", "data/augment.py"),
    Change("read Karpathy's JSON", "karpathy", "data/json_formats.py"),
    Change("find rotated copies", "copies", "curation/audit/copies.py"),
    Change("stop words", "stop words", "curation/vocabulary/stop_words.py"),
    Change("resume a download", "download", "curation/download.py"),
    Change("what is nodata", "nodata", "scenes/nodata.py"),
    Change("footprints across the 180th meridian", "footprint", "scenes/place.py"),
    Change("which bands are red, green and blue", "bands", "scenes/bands.py"),
    Change("percentiles of the stretch", "stretch", "scenes/stretch.py"),
    Change("a filter by cloud cover", "filter", "index/filters.py"),
    Change("join small files of the table", "compaction", "index/compaction.py"),
    Change("when a score is clear", "standing", "index/standing.py"),
    Change("resume a killed build", "commit", "index/writer.py"),
    Change("intervals of a difference", "bootstrap", "evaluation/bootstrap.py"),
    Change("confusions in the report", "confusion", "evaluation/wrong_answers.py"),
    Change("columns of the GeoParquet file", "geoparquet", "index/geoparquet.py"),
    Change("who waits for the lock", "lock", "ground/lock.py"),
]


def hits(word: str, folder: Path = SOURCE) -> list[str]:
    """Modules whose path or first docstring line holds a word, or words that begin with it.

    Case does not count, and a space, a hyphen and an underscore are the same.
    """
    parts = [re.escape(part) for part in re.split(r"[\s_-]", word)]
    pattern = re.compile(r"(?<![^\W_])" + r"[\s_-]?".join(parts), re.IGNORECASE)
    modules = []
    for path in sorted(folder.rglob("*.py")):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        name = path.relative_to(folder).as_posix()
        if pattern.search(f"{name} {text.split(chr(10))[0]}"):
            modules.append(name)
    return modules


def main() -> None:
    """Print what each word finds, and how many changes were found."""
    num_found = 0
    for change in CHANGES:
        names = hits(change.word)
        is_found = change.module in names and len(names) <= MOST_HITS
        num_found += is_found
        mark = "found" if is_found else "-----"
        print(f"{mark} {change.word:<18} {change.module:<36} {len(names)}: {', '.join(names[:6])}")
    print(f"{num_found} of {len(CHANGES)}")


if __name__ == "__main__":
    main()
