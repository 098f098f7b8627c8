"""What commands import: a command that starts more slowly shows here by a name, not by its time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tests.conftest import TINY

from harma.backbones import load_backbone
from harma.cli import main
from harma.methods.harma.config import AdapterConfig
from harma.model.exported.engines import PACKAGES
from harma.model.exported.writing import ExportOrder, export_model
from harma.model.model import HarMA
from harma.model.saved import load, save

# Libraries by the names of their packages, with what they cannot do without. Before one is added
# here, see with `python -X importtime` what it costs, and whether it can wait.
HELP = {"harma"}
# lancedb's Python takes pydantic and pandas with it.
LANCE = {"lancedb", "lance_namespace", "pyarrow", "cloudpickle", "deprecation", "overrides"}
LANCE |= {"annotated_types", "pydantic", "pydantic_core", "tqdm", "typing_inspection"}
PANDAS = {"pandas", "dateutil", "numexpr", "six"}
READING = {*HELP, *LANCE, *PANDAS, "filelock", "numpy", "packaging", "PIL", "shapely"}
READING |= {"typing_extensions", "yaml"}
# pydot: where it is installed, which nncf sees to.
TORCH = {"torch", "torchgen", "cuda", "pydot"}
# A text: open_clip's towers and its tokenizer, weights, words that are looked up, a table.
ASKING = {*READING, *TORCH, "ftfy", "open_clip", "regex", "rich", "safetensors", "simplemma"}
ASKING |= {"wcwidth"}
# With an exported model: no torch, and of open_clip the tokenizer's file alone.
ENGINES = {"onnx": {"onnxruntime", "flatbuffers"}, "openvino": {"absl", "openvino"}}
ASKING_ENGINE = {*READING, "ftfy", "harma_clip_tokenizer", "regex", "rich", "safetensors"}
ASKING_ENGINE |= {"simplemma", "wcwidth"}
# Of libraries and of HarMA itself, parts that no search needs.
NEVER = {
    "harma.comparison",
    "harma.scenes.raster",
    "harma.searches",
    "harma.serve",
    "harma.training",
    "lance_namespace_urllib3_client",
    "open_clip.factory",
    "torch._dynamo",
    "torch.distributed.tensor",
}

PROGRAM = """
import json, sys
from harma.cli import main
try:
    status = main(sys.argv[1:])
except SystemExit as end:
    status = end.code
print(json.dumps([status, sorted(sys.modules)]))
"""


def modules_of(*arguments):
    """What a process has imported that ran a command."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True
    )
    status, modules = json.loads(done.stdout.splitlines()[-1])
    # 1: no hits.
    assert status in (0, 1), done.stderr
    return set(modules)


def libraries(modules):
    """Packages that are not Python's own, without the inner ones of compiled modules."""
    tops = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names
    return {name for name in tops if not name.startswith("_") and name != "cython_runtime"}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """An index of a few pictures, of a model with adapters."""
    from PIL import Image

    directory = tmp_path_factory.mktemp("start")
    torch.manual_seed(0)
    backbone = load_backbone(TINY)
    save(HarMA(backbone, AdapterConfig(bottleneck_dim=8, num_heads=2)), directory / "model")
    (directory / "pictures").mkdir()
    for shade in range(4):
        Image.new("RGB", (48, 48), (60 * shade, 90, 120)).save(
            directory / "pictures" / f"{shade}.png"
        )
    options = ["--model", str(directory / "model"), "--whole", "--num-workers", "0"]
    built = main(["index", "build", str(directory / "i"), str(directory / "pictures"), *options])
    assert built == 0
    return str(directory / "i")


def test_the_package_and_help_import_nothing():
    done = subprocess.run(
        [sys.executable, "-c", "import sys, harma; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert libraries(done.stdout.split()) == HELP
    assert libraries(modules_of("--help")) == HELP


def test_the_help_of_a_search_imports_nothing_of_a_search():
    assert libraries(modules_of("search", "--help")) <= READING - LANCE - PANDAS


def test_index_info(archive):
    modules = modules_of("index", "info", archive)
    assert libraries(modules) - READING == set()
    assert modules & {*NEVER, "harma.model.saved"} == set()


def test_a_search_by_text(archive):
    modules = modules_of("search", archive, "a river")
    assert libraries(modules) - ASKING == set()
    assert modules & NEVER == set()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_search_with_an_exported_model_takes_no_torch(archive, engine, tmp_path):
    pytest.importorskip(PACKAGES[engine])
    model = load(Path(archive).parent / "model")
    export_model(model, "model", tmp_path / "e", ExportOrder(engine))
    picture = str(Path(archive).parent / "pictures" / "1.png")
    for asked in (["a river"], ["--image", picture]):
        modules = modules_of("search", archive, *asked, "--model", str(tmp_path / "e"))
        assert libraries(modules) & {*TORCH, "open_clip", "torchvision", "onnx"} == set()
        if "--image" not in asked:
            assert libraries(modules) - {*ASKING_ENGINE, *ENGINES[engine]} == set()
            assert modules & NEVER == set()


def test_a_search_with_filters_takes_maps_alone(archive):
    modules = modules_of("search", archive, "a river", "--since", "1990", "--source", "*.png")
    assert libraries(modules) - ASKING == set()
    modules = modules_of("search", archive, "a river", "--bbox=-180,-90,180,90")
    assert libraries(modules) - {*ASKING, "antimeridian", "pyproj", "certifi"} == set()


def test_a_search_by_a_chip_needs_no_model(archive, capsys):
    assert main(["search", archive, "a river", "-k", "1", "--format", "json"]) == 0
    chip = json.loads(capsys.readouterr().out)[0]["id"]
    modules = modules_of("search", archive, "--image", f"chip:{chip}")
    assert libraries(modules) - {*READING, "rich"} == set()
