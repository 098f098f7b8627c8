"""What an exported model says of itself: engine.json beside the graphs of its towers.

Which model it is of, how near its embeddings are to that model's in float32, and the size and hash
of each file. An export holds no code: graphs, captions and this file are all that is read.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from harma.backbones.preprocess import Preprocess
from harma.errors import ConfigError, MissingFileError, WeightsError
from harma.ground.files import recover_directory, write_json
from harma.ground.json_text import parse_json
from harma.ground.messages import about_file, kind_of, plain_reason

FACTS_FILE = "engine.json"
FORMAT = "harma-engine"
# To be raised when a release writes what older ones would misread.
VERSION = 1
LEAST_COSINE = 0.999
"""Embeddings that are nearer to those of the model in float32 are of the same model."""

# Of an export, what people ask for.
SHOWN = ("engine", "precision", "name", "model_id", "source_id")

Engine = Literal["onnx", "openvino"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
ExportPrecision = Literal["float32", "bf16", "int8"]
# ONNX Runtime has no products in bfloat16 on a CPU.
PRECISIONS_OF: dict[str, tuple[ExportPrecision, ...]] = {
    "onnx": ("float32", "int8"),
    "openvino": ("float32", "bf16", "int8"),
}
Cosines = Mapping[str, float]


@dataclass(frozen=True)
class ExportFacts:
    """What is known of an export.

    Attributes:
        engine: what computes: "onnx" (ONNX Runtime) or "openvino".
        precision: of the products.
        model_id: fingerprint of its embeddings: the model's own, or another where they are not
            near enough.
        source_id: fingerprint of the model that was exported.
        name: what that was opened as.
        embed_dim: E.
        context_length: longest caption in tokens.
        temperature: that turns cosines into probabilities.
        trims_text: whether captions may be cut to the longest of a batch.
        preprocess: how images become pixels (`harma.backbones.preprocess`).
        tokenizer: options of CLIP's tokenizer.
        least_cosines: of "image" and "text": the least cosine to the model in float32 on the probe.
        probe: how many pictures and captions that was measured on, and whose they are.
        reading: how rasters were read that the model was trained on, or None.
        files: name of each file → its size and hash.
        harma_version: that wrote it.
    """

    engine: Engine
    precision: ExportPrecision
    model_id: str
    source_id: str
    name: str
    embed_dim: int
    context_length: int
    temperature: float
    trims_text: bool
    preprocess: Mapping[str, Any]
    tokenizer: Mapping[str, Any]
    least_cosines: Cosines
    probe: Mapping[str, Any]
    reading: Mapping[str, Any] | None
    files: Mapping[str, Mapping[str, Any]]
    harma_version: str

    @property
    def told(self) -> str:
        """Engine and precision in words, as an index records them."""
        return f"{self.engine} {self.precision}"


def told_cosines(facts: ExportFacts) -> str:
    """The least cosines of both towers in words."""
    said = [f"{tower}s {cosine:.5f}" for tower, cosine in facts.least_cosines.items()]
    return "least cosine of " + ", of ".join(said)


def export_to_show(directory: Path) -> dict[str, Any]:
    """What `harma info` tells of an export; its files are compared with what was written.

    Raises:
        WeightsError: it is damaged.
    """
    facts = read_facts(directory)
    check_hashes(directory, facts)
    size = sum(file.stat().st_size for file in directory.iterdir() if file.is_file())
    shown = {key: getattr(facts, key) for key in SHOWN}
    shown |= {f"least cosine of {tower}s": value for tower, value in facts.least_cosines.items()}
    return {"kind": "export", "directory": str(directory), "bytes": size, "export": shown}


def is_export(directory: str | os.PathLike[str]) -> bool:
    """Whether a directory of this machine holds an exported model."""
    path = Path(directory)
    recover_directory(path)
    return (path / FACTS_FILE).is_file()


def id_of(source_id: str, told: str, least_cosines: Cosines, files: Mapping[str, Any]) -> str:
    """The fingerprint that an export's embeddings carry.

    Args:
        source_id: of the model.
        told: engine and precision.
        least_cosines: of both towers.
        files: of the export: where it is another model, these make it.
    """
    if min(least_cosines.values()) >= LEAST_COSINE:
        return source_id
    text = json.dumps([source_id, told, files], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def described(file: Path) -> dict[str, Any]:
    """Size and hash of a file."""
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return {"bytes": file.stat().st_size, "sha256": digest}


def write_facts(directory: Path, facts: ExportFacts) -> None:
    """Write engine.json."""
    write_json(directory / FACTS_FILE, {"format": FORMAT, "version": VERSION, **asdict(facts)})


def read_facts(directory: Path) -> ExportFacts:
    """Read engine.json, and see that the files are there in their sizes.

    Hashes are compared by `check_hashes`: that reads all of the files.

    Raises:
        MissingFileError: it is not there.
        ConfigError: it is of another version.
        WeightsError: it is damaged, or files are.
    """
    file = directory / FACTS_FILE
    if not file.is_file():
        raise MissingFileError(f"{file} is not there; {directory} is no exported model")
    try:
        values = parse_json(file.read_bytes())
        if not isinstance(values, dict):
            raise _damaged(file, f"it holds {kind_of(values)}")
        if values.pop("format") != FORMAT:
            raise _damaged(file, f"its format is not {FORMAT!r}")
        _check_version(file, values.pop("version"))
        facts = ExportFacts(**values)
        _check_values(file, facts)
        with about_file(file):
            preprocess_of(facts)
    except (LookupError, TypeError, AttributeError, ValueError, OSError) as error:
        # Our own say what is wrong already.
        if isinstance(error, ConfigError | WeightsError):
            raise
        reason = plain_reason(error, "a value is missing, unknown, or of another kind")
        raise _damaged(file, reason) from error
    for name, about in facts.files.items():
        _check_size(directory / name, about)
    return facts


def preprocess_of(facts: ExportFacts) -> Preprocess:
    """How images become pixels; models of bands are not exported.

    Raises:
        ConfigError: a value is outside its range.
    """
    height, width = facts.preprocess["size"]
    return Preprocess(**{**facts.preprocess, "size": (int(height), int(width)), "bands": None})


def check_hashes(directory: Path, facts: ExportFacts) -> None:
    """Compare all files with what was written, to the byte.

    Raises:
        WeightsError: one is another.
    """
    for name, about in facts.files.items():
        if described(directory / name) != dict(about):
            raise WeightsError(f"{directory / name} is damaged; export the model again")


def _check_version(file: Path, version: object) -> None:
    if version != VERSION:
        raise ConfigError(
            f"{file} has version {version!r}; this HarMA reads version {VERSION}. Export the model"
            " again"
        )


def _check_values(file: Path, facts: ExportFacts) -> None:
    if facts.precision not in PRECISIONS_OF.get(facts.engine, ()):
        raise _damaged(file, f"engine {facts.engine!r} and precision {facts.precision!r}")
    cosines = facts.least_cosines
    if set(cosines) != {"image", "text"}:
        raise _damaged(file, f"least_cosines are of {', '.join(sorted(cosines))}")
    expected = id_of(facts.source_id, facts.told, cosines, facts.files)
    _check_kinds(file, facts)
    # Whoever changed a figure by hand would compare embeddings that do not.
    if facts.model_id != expected:
        raise _damaged(file, "its model_id does not follow from the rest")
    # Names of files in the directory itself: nothing is read elsewhere.
    for name, about in facts.files.items():
        if Path(name).name != name:
            raise _damaged(file, f"it names the file {name!r}")
        if not isinstance(about, Mapping) or not isinstance(about.get("bytes"), int):
            raise _damaged(file, f"it does not say how many bytes {name} has")


def _check_kinds(file: Path, facts: ExportFacts) -> None:
    is_whole = type(facts.context_length) is int and type(facts.embed_dim) is int
    if not is_whole or not isinstance(facts.tokenizer, Mapping):
        raise _damaged(file, "embed_dim, context_length or tokenizer is of another kind")


def _check_size(file: Path, about: Mapping[str, Any]) -> None:
    if not file.is_file():
        raise WeightsError(f"{file} is not there; copy the export as a whole, or export again")
    size = file.stat().st_size
    if size != about["bytes"]:
        raise WeightsError(
            f"{file} has {size:,} bytes, and was written with {about['bytes']:,}: it is damaged."
            " Copy it again, or export the model again"
        )


def _damaged(file: Path, reason: str) -> WeightsError:
    return WeightsError(f"{file} cannot be used ({reason}); export the model again")
