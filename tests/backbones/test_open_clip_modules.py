"""Each test has a process of its own: what is imported is what these modules are about."""

import subprocess
import sys

import pytest

from harma.backbones.architecture import architecture_names, is_architecture
from harma.backbones.open_clip_modules import configs_directory

START = """
import sys
from harma.backbones.open_clip_modules import open_clip_module, shipped_config
def drawn_in():
    return [name for name in ("timm", "torchvision", "transformers") if name in sys.modules]
"""


def ran(program):
    """What a program printed."""
    done = subprocess.run(
        [sys.executable, "-c", START + program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_its_own_towers_come_without_the_libraries_of_others():
    lines = ran("""
model = open_clip_module("model")
print(model.CLIP.__name__, open_clip_module("transformer").Transformer.__module__, drawn_in())
import open_clip
print(open_clip.CLIP is model.CLIP, open_clip.__version__ != "", drawn_in() != [])
""")
    assert lines == ["CLIP open_clip.transformer []", "True True True"]


def test_towers_of_others_are_built_all_the_same():
    lines = ran("""
import torch
from torchvision.ops.misc import FrozenBatchNorm2d
model = open_clip_module("model")
clip = model.CustomTextCLIP(
    8,
    {"timm_model_name": "resnet18", "timm_model_pretrained": False, "image_size": 32,
     "timm_pool": "abs_attn", "timm_proj": "mlp"},
    {"context_length": 8, "vocab_size": 16, "width": 8, "heads": 2, "layers": 1},
)
import timm.layers
print(type(clip.visual.trunk).__module__, isinstance(clip.visual.head.mlp, timm.layers.Mlp))
clip.visual.lock(freeze_bn_stats=True)
print(any(isinstance(part, FrozenBatchNorm2d) for part in clip.modules()))
import transformers
config = transformers.BertConfig(vocab_size=20, hidden_size=8, num_hidden_layers=1,
    num_attention_heads=2, intermediate_size=8)
make = open_clip_module("hf_model").HFTextEncoder
text = make("bert", 8, config=config, pooler_type="cls_pooler")
print(type(text.transformer).__name__, text(torch.ones(1, 4, dtype=torch.long)).shape)
""")
    assert lines[0].startswith("timm.models.resnet")
    assert lines[0].endswith("True")
    assert lines[1:] == ["True", "BertModel torch.Size([1, 8])"]


def test_coca_is_imported_with_what_it_needs():
    lines = ran("""
print(open_clip_module("coca_model").CoCa.__name__, "transformers" in sys.modules)
""")
    assert lines == ["CoCa True"]


def test_a_package_that_is_imported_already_stays_as_it_is():
    lines = ran("""
import open_clip
print(open_clip_module("model") is open_clip.model, drawn_in() != [])
""")
    assert lines == ["True True"]


def test_another_version_is_imported_as_a_whole():
    lines = ran("""
from harma.ground import deferred_imports
deferred_imports.version = lambda name: "99.0"
model = open_clip_module("model")
print(model.CLIP.__name__, "open_clip.factory" in sys.modules, drawn_in() != [])
print(shipped_config("ViT-B-32"))
""")
    assert lines == ["CLIP True True", "None"]


def test_what_cannot_be_imported_in_parts_is_imported_as_a_whole():
    lines = ran("""
from harma.backbones import open_clip_modules
open_clip_modules.MODULES = ("open_clip.model", "open_clip.no_such_module")
model = open_clip_module("model")
import open_clip
print(open_clip.CLIP is model.CLIP, "open_clip.factory" in sys.modules)
print([name for name, module in sys.modules.items() if "Deferred" in type(module).__name__])
""")
    assert lines == ["True True", "[]"]


def test_configs_are_found_without_the_package():
    lines = ran("""
import json
config = json.loads(shipped_config("ViT-B-32").read_text())
print(shipped_config("ViT-B-33"), shipped_config("../ViT-B-32"), shipped_config(""))
print("open_clip.factory" in sys.modules)
import open_clip
print(config == open_clip.get_model_config("ViT-B-32"))
# From now on others may have been added.
print(shipped_config("ViT-B-32"))
""")
    assert lines == ["None None None", "False", "True", "None"]


def test_the_folder_holds_all_that_open_clip_knows():
    shipped = {file.stem for file in configs_directory().glob("*.json")}
    assert shipped == set(architecture_names())


@pytest.mark.parametrize("whole", ["", "import open_clip; open_clip.list_models()\n"])
def test_names_are_known_alike(whole):
    lines = ran(f"""
{whole}
from harma.backbones.architecture import is_architecture, find_architecture
from harma.errors import BackboneError
print([is_architecture(name) for name in ("ViT-B-32", "RN50", "ViT-B-33", "", "a/b", "x" * 5000)])
print("open_clip.factory" in sys.modules)
print(find_architecture("ViT-B-32")["embed_dim"])
try:
    find_architecture("ViT-B-33")
except BackboneError as error:
    print(error)
""")
    assert lines[0] == "[True, True, False, False, False, False]"
    assert lines[1] == str(bool(whole))
    assert lines[2] == "512"
    assert "did you mean ViT-B-32" in lines[3]


def test_an_architecture_that_was_added_is_known(tmp_path):
    import open_clip

    file = tmp_path / "My-ViT.json"
    file.write_text((configs_directory() / "ViT-B-32.json").read_text())
    assert not is_architecture("My-ViT")
    open_clip.add_model_config(file)
    try:
        assert is_architecture("My-ViT")
    finally:
        open_clip.factory._MODEL_CONFIG_PATHS.remove(file)
        open_clip.factory._MODEL_CONFIGS.pop("My-ViT")
