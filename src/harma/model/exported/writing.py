"""Exporting a model for an engine: graphs of both towers, held to the model on a probe.

ONNX is written first, and read by either engine. What is found on the way is kept in engine.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harma.errors import BackboneError, ConfigError
from harma.ground.files import replacing_directory
from harma.ground.outputs import check_output_directory
from harma.ground.progress import Advance
from harma.ground.towers import TOWERS, Tower
from harma.ground.version import __version__
from harma.model.caption_file import CAPTIONS_FILE, write_captions
from harma.model.caption_memory import captions_to_save
from harma.model.exported.engines import engine_module, openvino_core
from harma.model.exported.facts import (
    PRECISIONS_OF,
    Engine,
    ExportFacts,
    ExportPrecision,
    described,
    id_of,
    is_export,
    write_facts,
)
from harma.model.exported.model import ExportedModel, text_lengths
from harma.model.exported.probe import PROBED, Sample, least_cosines, read_sample
from harma.model.exported.quantizing import (
    as_batches,
    nncf_module,
    quantize_onnx,
    quantize_openvino,
)
from harma.model.exported.towers import check_exportable, tokenizer_options, write_onnx
from harma.model.fingerprint import model_id
from harma.model.model import HarMA

# Pictures, and captions, that 8-bit scales are found on.
CALIBRATED = 128
CALIBRATED_AT_ONCE = 4
# The same products in another order differ by far less.
EXACT_COSINE = 0.99999


@dataclass(frozen=True)
class ExportOrder:
    """What is to be exported how.

    Attributes:
        engine: that will run it.
        precision: of its products.
        images: files of the user: 8-bit scales are found, and cosines measured, on them.
        captions: of the user, for the same.

    Raises:
        ConfigError: the engine has no such precision, or int8 for OpenVINO has no pictures.
    """

    engine: Engine
    precision: ExportPrecision = "float32"
    images: Sequence[Path] = ()
    captions: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.engine not in PRECISIONS_OF:
            raise ConfigError(
                f"the format is {self.engine!r}; allowed are {', '.join(PRECISIONS_OF)}"
            )
        allowed = PRECISIONS_OF[self.engine]
        if self.precision not in allowed:
            raise ConfigError(
                f"the precision is {self.precision!r}; {self.engine} has {', '.join(allowed)}"
            )
        if self.engine == "openvino" and self.precision == "int8" and not self.images:
            raise ConfigError(
                "int8 for openvino is calibrated on pictures of your own, some dozens or more; name"
                " them (--calibrate). onnx has int8 without"
            )


def _not_told(done: int, total: int) -> None:
    """Of progress that nobody follows."""


def export_model(
    model: HarMA, name: str, directory: Path, order: ExportOrder, progress: Advance = _not_told
) -> ExportFacts:
    """Export a model.

    Args:
        model: on the CPU, in evaluation mode; it stays as it is.
        name: what it was opened as.
        directory: where; an export in its place is replaced.
        order: how.
        progress: called with (steps done, in all).

    Returns:
        What is known of the export.

    Raises:
        BackboneError, ConfigError: the model is not of a kind that is exported.
        ConfigError: the directory holds something else.
        MissingDependencyError: a part is not installed.
    """
    check_exportable(model, name)
    check_replaceable(directory)
    # Before the work: what is not installed is said at once.
    engine_module(order.engine)
    if order.engine == "openvino" and order.precision == "int8":
        nncf_module()
    num_steps = 3
    with replacing_directory(directory) as folder:
        with TemporaryDirectory(prefix="harma-export-") as aside:
            graphs = write_onnx(model, Path(aside))
            progress(1, num_steps)
            _write_graphs(model, graphs, folder, order)
        progress(2, num_steps)
        facts = _measured(model, name, folder, order)
        _keep_captions(model, folder, facts)
        write_facts(folder, facts)
        progress(3, num_steps)
    return facts


def check_replaceable(directory: Path) -> None:
    """Check that an export may take a directory's place.

    Raises:
        ConfigError: it holds something else.
    """
    check_output_directory(directory)
    if directory.is_dir() and any(directory.iterdir()) and not is_export(directory):
        raise ConfigError(
            f"{directory} holds something that is no export; name a new directory to write to"
        )


def _write_graphs(
    model: HarMA, graphs: dict[Tower, Path], folder: Path, order: ExportOrder
) -> None:
    """Write the graphs of both towers as an engine takes them."""
    if order.engine == "onnx":
        for tower, file in graphs.items():
            target = folder / f"{tower}.onnx"
            if order.precision == "int8":
                quantize_onnx(file, target)
            else:
                target.write_bytes(file.read_bytes())
        return
    sample = None
    if order.precision == "int8":
        sample = read_sample(model, order.images, order.captions, CALIBRATED)
    for tower, file in graphs.items():
        _write_openvino(model, tower, file, folder / f"{tower}.xml", order.precision, sample)


def _write_openvino(
    model: HarMA,
    tower: Tower,
    source: Path,
    target: Path,
    precision: ExportPrecision,
    sample: Sample | None,
) -> None:
    openvino = engine_module("openvino")
    graph = openvino_core(openvino).read_model(str(source))
    if sample is not None:
        graph = quantize_openvino(graph, _calibration(model, tower, sample))
    # Weights that are rounded to bfloat16 anyway are kept in 16 bits.
    openvino.save_model(graph, str(target), compress_to_fp16=precision == "bf16")


def _calibration(model: HarMA, tower: Tower, sample: Sample) -> list[NDArray[Any]]:
    """Batches of a sample as the graph of a tower takes them."""
    if tower == "image":
        return as_batches(sample.pixels.numpy(), CALIBRATED_AT_ONCE)
    token_ids = model.tokenize(list(sample.texts)).numpy()
    lengths = text_lengths(token_ids)
    order = np.argsort(lengths, kind="stable")
    batches = []
    for rows in as_batches(order, CALIBRATED_AT_ONCE):
        longest = token_ids.shape[1]
        if model.trims_text:
            longest = int(lengths[rows].max())
        batches.append(np.ascontiguousarray(token_ids[rows, :longest]))
    return batches


def _measured(model: HarMA, name: str, folder: Path, order: ExportOrder) -> ExportFacts:
    """The facts of an export, with its least cosines.

    Raises:
        BackboneError: in float32 it does not compute what the model does.
    """
    names = sorted(file.name for file in folder.iterdir())
    source_id = model_id(model)
    reading = None if model.trained_reading is None else dict(model.trained_reading)
    # Other pictures than those that scales were found on, where there are enough.
    sample = read_sample(model, order.images, order.captions, PROBED, start=0.5)
    facts = ExportFacts(
        engine=order.engine,
        precision=order.precision,
        model_id=source_id,
        source_id=source_id,
        name=name,
        embed_dim=model.embed_dim,
        context_length=model.backbone.context_length,
        temperature=float(model.temperature.detach()),
        trims_text=model.trims_text,
        preprocess=model.preprocess.to_dict(),
        tokenizer=tokenizer_options(model.backbone),
        least_cosines=dict.fromkeys(TOWERS, 1.0),
        probe=sample.told,
        reading=reading,
        files={name: described(folder / name) for name in names},
        harma_version=__version__,
    )
    cosines = least_cosines(model, ExportedModel(folder, facts), sample)
    if order.precision == "float32" and min(cosines.values()) < EXACT_COSINE:
        raise BackboneError(
            f"the export does not compute what the model does (least cosines {cosines});"
            f" {model.backbone.name} cannot be exported",
            source=name,
        )
    found = id_of(source_id, facts.told, cosines, facts.files)
    return replace(facts, least_cosines=cosines, model_id=found)


def _keep_captions(model: HarMA, folder: Path, facts: ExportFacts) -> None:
    """Keep the captions of a model beside its graphs, embedded by what will search with them."""
    captions = captions_to_save(model)
    if captions is None:
        return
    if facts.model_id != facts.source_id:
        embeddings = ExportedModel(folder, facts).embed_texts(captions.captions)
        captions = replace(captions, embeddings=embeddings, model_id=facts.model_id)
    write_captions(folder / CAPTIONS_FILE, captions)
