import zipfile
from collections import OrderedDict

import pytest
import torch
from safetensors.torch import save_file

from harma.backbones import load_backbone
from harma.backbones.weights.state import hash_weights, read_weights
from harma.errors import MissingFileError, WeightsError


@pytest.fixture
def state(backbone):
    return backbone.weights()


def equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: OrderedDict(state),
        lambda state: {"state_dict": state, "epoch": 20, "name": "x"},
        lambda state: {"state_dict": {f"module.{name}": value for name, value in state.items()}},
        lambda state: {f"module.{name}": value for name, value in state.items()},
        lambda state: {f"model.{name}": value for name, value in state.items()},
        lambda state: {f"module.model.{name}": value for name, value in state.items()},
        lambda state: {name: torch.nn.Parameter(value) for name, value in state.items()},
    ],
)
def test_pickles_in_every_form(state, tmp_path, wrap):
    torch.save(wrap(state), tmp_path / "w.pt")
    assert equal(read_weights(tmp_path / "w.pt"), state)


def test_pickle_of_old_torch(state, tmp_path):
    torch.save(state, tmp_path / "w.pth", _use_new_zipfile_serialization=False)
    assert equal(read_weights(tmp_path / "w.pth"), state)


def test_safetensors(state, tmp_path):
    save_file(state, tmp_path / "w.safetensors")
    assert equal(read_weights(tmp_path / "w.safetensors"), state)


@pytest.mark.filterwarnings(
    "ignore:.*torch.jit:FutureWarning", "ignore:.*torch.jit:DeprecationWarning"
)
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_torchscript_archive_is_read_without_running_it(
    backbone, state, tmp_path, pixels, monkeypatch
):
    """OpenAI publishes half precision weights so, with three constants among the buffers."""
    model = backbone.module.half().eval()
    for name in ("input_resolution", "context_length", "vocab_size"):
        if hasattr(model, name):
            delattr(model, name)
        model.register_buffer(name, torch.tensor(32))
    inputs = {"encode_image": pixels.half(), "encode_text": torch.randint(0, 400, (2, 16))}
    torch.jit.trace_module(model, inputs, check_trace=False).save(tmp_path / "ViT-B-32.pt")
    monkeypatch.setattr(torch.jit, "load", None)
    read = read_weights(tmp_path / "ViT-B-32.pt")
    assert equal(read, {name: value.half() for name, value in state.items()})


def test_half_precision_is_widened(config, state, tmp_path):
    torch.save({name: value.half() for name, value in state.items()}, tmp_path / "w.pt")
    loaded = load_backbone(tmp_path / "w.pt", architecture=config)
    assert all(value.dtype == torch.float32 for value in loaded.weights().values())
    assert equal(loaded.weights(), {name: value.half().float() for name, value in state.items()})


def test_double_precision_stays_if_asked_for(config, state, tmp_path):
    double = {name: torch.randn(value.shape, dtype=torch.float64) for name, value in state.items()}
    torch.save(double, tmp_path / "w.pt")
    loaded = load_backbone(tmp_path / "w.pt", architecture=config, dtype=torch.float64)
    assert equal(loaded.weights(), double)


def test_logit_scale_with_or_without_a_dimension(config, state):
    state["logit_scale"] = torch.tensor([3.0])
    assert load_backbone(config, weights=state).weights()["logit_scale"].tolist() == 3.0


def test_names_that_do_not_match_are_listed(config, state):
    for i in range(12):
        state[f"surplus.{i}"] = torch.zeros(1)
    del state["ln_final.weight"]
    state["text_projection"] = torch.zeros(32, 8)
    with pytest.raises(WeightsError) as error:
        load_backbone(config, weights=state)
    assert (
        str(error.value)
        == "the given weights: weights and architecture do not match: 1 missing (ln_final.weight);"
        " 12 unexpected (surplus.0, surplus.1, surplus.2, surplus.3, surplus.4, surplus.5,"
        " surplus.6, surplus.7, surplus.8, surplus.9 and 2 more); 1 of another shape"
        " (text_projection (32, 8), model (32, 16))."
    )


def test_positional_embeddings_are_not_resized(config, state, tmp_path):
    torch.save(state, tmp_path / "w.pt")
    config["vision_cfg"]["image_size"] = 64
    with pytest.raises(
        WeightsError,
        match=r"visual.positional_embedding \(5, 32\), model \(17, 32\).*image size differs",
    ):
        load_backbone(tmp_path / "w.pt", architecture=config)


def test_other_widths_are_hinted_at(config, state):
    config["vision_cfg"]["patch_size"] = 32
    config["vision_cfg"]["image_size"] = 64
    with pytest.raises(
        WeightsError,
        match="Width, patch size or vocabulary differ: state the architecture of the file",
    ):
        load_backbone(config, weights=state)


def test_released_checkpoint_is_recognised(config, state, tmp_path):
    state["transformer.resblocks.0.mmadapter.gate1"] = torch.zeros(())
    with pytest.raises(
        WeightsError, match="It is a released HarMA checkpoint: convert it with `harma import`"
    ):
        load_backbone(config, weights=state)
    torch.save({"model": state, "config": {}}, tmp_path / "harma.pt")
    with pytest.raises(
        WeightsError, match=r"2 entries that are not tensors \(model, config\).*`harma import`"
    ):
        read_weights(tmp_path / "harma.pt")


class Foreign:
    """Something a training script left in its checkpoint."""


def test_foreign_objects_are_refused(tmp_path, state):
    torch.save({"state_dict": state, "args": Foreign()}, tmp_path / "w.pt")
    with pytest.raises(
        WeightsError,
        match=r"w.pt holds more than weights \(.*Foreign\) and is not read, since that could",
    ):
        read_weights(tmp_path / "w.pt")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "w.pt",
            b"",
            r"is not a readable weight file \(it is damaged, or of another kind\)",
        ),
        ("w.pt", b"hello", "is not a readable weight file"),
        (
            "w.pt",
            b"\x80\x02]\x95",
            "is not a readable weight file; allowed are files of torch.save, safetensors and",
        ),
        ("w.safetensors", b"\x10", "is not a readable weight file .*; it may be incomplete"),
        (
            "w.pt",
            b"version https://git-lfs.github.com/spec/v1\n",
            "is a Git LFS pointer.*`git lfs pull`",
        ),
        ("w.bin", b"<!DOCTYPE html>", "is a web page, not weights; download the file itself"),
    ],
)
def test_files_that_are_no_weights(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError, match=f"{name} {message}"):
        read_weights(tmp_path / name)


@pytest.mark.parametrize("kept", [0.3, 0.9])
@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_truncated_files(tmp_path, state, name, kept):
    torch.save(state, tmp_path / name) if name.endswith("pt") else save_file(state, tmp_path / name)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(WeightsError, match=f"{name} is not a readable weight file"):
        read_weights(tmp_path / name)


def test_packed_files(tmp_path):
    with zipfile.ZipFile(tmp_path / "SkyCLIP.zip", "w") as archive:
        archive.writestr("SkyCLIP/epoch_20.pt", b"")
    with pytest.raises(
        WeightsError, match="it holds SkyCLIP/epoch_20.pt; unpack it and give the weight file in it"
    ):
        read_weights(tmp_path / "SkyCLIP.zip")


def test_content_that_is_no_state_dict(tmp_path):
    torch.save([torch.zeros(1)], tmp_path / "w.pt")
    with pytest.raises(
        WeightsError, match=r"w.pt holds a list, not weights; save model.state_dict\(\)"
    ):
        read_weights(tmp_path / "w.pt")


def test_missing_file(tmp_path):
    with pytest.raises(
        MissingFileError, match="none.pt is not there; give the path of a weight file"
    ):
        read_weights(tmp_path / "none.pt")


def test_hash_tells_weights_apart():
    state = {
        "a": torch.arange(6.0).reshape(2, 3),
        "b": torch.tensor(1),
        "c": torch.zeros(2, dtype=torch.bfloat16),
    }
    digest = hash_weights(state)
    assert digest.startswith("sha256:")
    assert len(digest) == 71
    assert hash_weights(dict(reversed(state.items()))) == digest
    assert hash_weights({**state, "a": state["a"].t().contiguous().t()}) == digest
    others = [
        {**state, "a": state["a"].reshape(3, 2)},
        {**state, "a": state["a"] + 1e-6},
        {**state, "a": state["a"].int()},
        {"a2": state["a"], "b": state["b"], "c": state["c"]},
    ]
    assert len({digest, *map(hash_weights, others)}) == 5


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_the_hash_is_that_of_the_numbers_in_any_precision(dtype):
    exact = torch.tensor([0.5, -2.0, 1.25])
    assert hash_weights({"w": exact.to(dtype)}) == hash_weights({"w": exact})
    whole = torch.tensor([1, 2, 3])
    assert hash_weights({"w": whole}) != hash_weights({"w": whole.float()})
