import json
import os

import pytest
import ruamel.yaml
import torch
from safetensors.torch import load_file, save_file

from harma.errors import MissingFileError, WeightsError
from harma.original.names import join_released, read_released, split_released, write_released

BLOCKS = {"visual.transformer.resblocks": 2, "transformer.resblocks": 3}


@pytest.fixture
def released():
    """Two image and three text blocks, width 4, bottleneck 2, every number another."""
    state = {
        "temp": torch.tensor(0.07),
        "model.logit_scale": torch.tensor(2.6),
        "model.visual.proj": torch.zeros(4, 3),
    }
    attention = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
    names = ["ln_1.weight", "mlp.c_fc.weight", "gate1", "mmadapter.gate1"]
    names += [
        f"mmadapter.{part}.{kind}"
        for part in ("img_proj_down", "img_proj_up")
        for kind in ("weight", "bias")
    ]
    names += [f"mmadapter.multihead_attention.{name}" for name in attention]
    shared = [f"{part}.{kind}" for part in ("l1", "l2") for kind in ("weight", "bias")]
    shared += [*(f"multihead_attention1.{name}" for name in attention), "gate1"]
    for place, number in BLOCKS.items():
        of_block = names + [
            f"mmadapter.BiShareAdapterxx.{name}" for name in shared if place.startswith("trans")
        ]
        state |= {
            f"model.{place}.{block}.{name}": (
                torch.tensor(0.5) if name.endswith("gate1") else torch.zeros(2)
            )
            for block in range(number)
            for name in of_block
        }
    for number, name in enumerate(state):
        state[name] = state[name] + number
    return state


def equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_split(released):
    backbone, adapters, temperature = split_released(released)
    assert temperature == released["temp"]
    assert len(backbone) == 2 + 5 * 2
    assert torch.equal(backbone["visual.proj"], released["model.visual.proj"])
    assert len(adapters) == 5 * 10 + 3 * 9
    theirs = "model.transformer.resblocks.2.mmadapter.BiShareAdapterxx.multihead_attention1."
    ours = "shared.2.attention."
    assert torch.equal(adapters[f"{ours}in_proj.weight"], released[f"{theirs}in_proj_weight"])
    assert torch.equal(adapters[f"{ours}out_proj.bias"], released[f"{theirs}out_proj.bias"])
    theirs, ours = "model.visual.transformer.resblocks.1.", "image.1."
    assert adapters[f"{ours}gate"] == released[f"{theirs}gate1"]
    assert adapters[f"{ours}adapter.gate"] == released[f"{theirs}mmadapter.gate1"]
    assert torch.equal(
        adapters[f"{ours}adapter.up.bias"], released[f"{theirs}mmadapter.img_proj_up.bias"]
    )


def test_round_trip(released):
    backbone, adapters, temperature = split_released(released)
    assert equal(join_released(backbone, {**adapters, "temperature": temperature}), released)


def test_older_names(released):
    older = {name.replace("model.", "clip.", 1): tensor for name, tensor in released.items()}
    for new, old in zip(split_released(released)[:2], split_released(older)[:2], strict=True):
        assert equal(new, old)


def test_gates_may_have_a_dimension(released):
    for name in [name for name in released if name.endswith("gate1")] + ["temp"]:
        released[name] = released[name].reshape(1)
    _, adapters, temperature = split_released(released)
    assert temperature.shape == adapters["text.0.gate"].shape == ()


def test_gate_that_is_no_number(released):
    released["model.transformer.resblocks.0.gate1"] = torch.zeros(2)
    with pytest.raises(
        WeightsError, match=r"resblocks.0.gate1 has shape \(2,\); it must be a single number"
    ):
        split_released(released)


def test_missing_and_unexpected_names_are_listed(released):
    del released["temp"]
    del released["model.transformer.resblocks.1.mmadapter.BiShareAdapterxx.l1.bias"]
    released["model.transformer.resblocks.1.mmadapter.l3.bias"] = torch.zeros(1)
    released["model.visual.transformer.resblocks.0.mmadapter.BiShareAdapterxx.gate1"] = torch.zeros(
        ()
    )
    released["head.weight"] = torch.zeros(1)
    with pytest.raises(WeightsError) as error:
        split_released(released)
    assert (
        str(error.value) == "Names that do not match: 2 missing:"
        " model.transformer.resblocks.1.mmadapter.BiShareAdapterxx.l1.bias, temp; 3 unexpected:"
        " model.transformer.resblocks.1.mmadapter.l3.bias,"
        " model.visual.transformer.resblocks.0.mmadapter.BiShareAdapterxx.gate1, head.weight. A"
        " released checkpoint has open_clip's plain CLIP and adapters in every block under"
        " model.…, and temp; shared adapters are in the text blocks only"
    )


def test_plain_clip_is_no_released_checkpoint(released):
    backbone, _, _ = split_released(released)
    with pytest.raises(
        WeightsError, match=r"1 missing: temp; 12 unexpected: .* and 2 more\. A released"
    ):
        split_released(backbone)
    plain = {f"model.{name}": tensor for name, tensor in backbone.items()}
    with pytest.raises(
        WeightsError,
        match=r"78 missing: model.visual.transformer.resblocks.0.gate1, .* and 68 more",
    ):
        split_released(plain)
    with pytest.raises(WeightsError, match="there are no transformer blocks"):
        split_released({"temp": torch.zeros(())})


def test_forms_the_original_cannot_hold(released):
    backbone, adapters, temperature = split_released(released)
    adapters["temperature"] = temperature
    with pytest.raises(
        WeightsError, match="released form cannot hold these adapters.* 1 missing: shared.2.gate"
    ):
        join_released(
            backbone, {name: value for name, value in adapters.items() if name != "shared.2.gate"}
        )
    with pytest.raises(
        WeightsError, match="released form cannot hold these adapters.* 1 unexpected: shared.3.gate"
    ):
        join_released(backbone, {**adapters, "shared.3.gate": temperature})
    custom = {
        f"text.{name}" if name.startswith("transformer") else name: value
        for name, value in backbone.items()
    }
    with pytest.raises(
        WeightsError, match="cannot hold these adapters.* 57 unexpected: text.0.gate"
    ):
        join_released(custom, adapters)


# -- files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["pt", "pth", "safetensors"])
def test_files_round_trip(released, tmp_path, suffix):
    path = tmp_path / "new" / f"harma.{suffix}"
    write_released(path, released, {"temp1": 0.07})
    state, config = read_released(path)
    assert equal(state, released)
    assert config == ({} if suffix == "safetensors" else {"temp1": 0.07})
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_interrupted_writing_keeps_the_old_file(released, tmp_path, monkeypatch):
    write_released(tmp_path / "harma.pt", released, {})

    def broken(content, path):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", broken)
    with pytest.raises(KeyboardInterrupt):
        write_released(tmp_path / "harma.pt", {}, {})
    assert equal(read_released(tmp_path / "harma.pt")[0], released)
    assert [file.name for file in tmp_path.iterdir()] == ["harma.pt"]


def test_original_reads_what_we_write(released, tmp_path):
    write_released(tmp_path / "harma.pt", released, {"model": "geo"})
    content = torch.load(tmp_path / "harma.pt", weights_only=True)
    assert equal(content["model"], released)
    assert content["config"] == {"model": "geo"}


def test_flat_state_dict(released, tmp_path):
    torch.save(released, tmp_path / "harma.pt")
    state, config = read_released(str(tmp_path / "harma.pt"))
    assert equal(state, released)
    assert config == {}


def test_config_loaded_by_ruamel_yaml(released, tmp_path):
    config = ruamel.yaml.YAML().load(
        "{model: geo, optimizer: {opt: adamW, lr: 4e-6}, train_file: ['a.json']}"
    )
    torch.save({"model": released, "config": config}, tmp_path / "harma.pt")
    state, config = read_released(tmp_path / "harma.pt")
    assert equal(state, released)
    assert config == {
        "model": "geo",
        "optimizer": {"opt": "adamW", "lr": 4e-6},
        "train_file": ["a.json"],
    }


class Hostile:
    def __reduce__(self):
        return os.system, (f"touch {os.environ['HARMA_TEST_MARK']}",)


@pytest.mark.parametrize("place", ["config", "model", "beside"])
def test_hostile_checkpoint_runs_nothing(released, tmp_path, monkeypatch, place):
    monkeypatch.setenv("HARMA_TEST_MARK", str(tmp_path / "ran"))
    content = {"model": released, "config": {}, "beside": 0, place: Hostile()}
    torch.save(content, tmp_path / "harma.pt")
    if place == "model":
        with pytest.raises(
            WeightsError, match="harma.pt holds no state dict, but model, config, beside"
        ):
            read_released(tmp_path / "harma.pt")
    else:
        assert equal(read_released(tmp_path / "harma.pt")[0], released)
    assert not (tmp_path / "ran").exists()


def test_files_that_are_no_checkpoints(released, tmp_path):
    path = tmp_path / "harma.pt"
    with pytest.raises(
        MissingFileError, match="harma.pt is not there; give the path of a weight file"
    ):
        read_released(path)
    torch.save([1, 2], path)
    with pytest.raises(
        WeightsError, match="harma.pt holds a list; a released checkpoint holds model and config"
    ):
        read_released(path)
    torch.save({"model": {}}, path)
    with pytest.raises(
        WeightsError, match="harma.pt holds no state dict, but nothing; a released checkpoint"
    ):
        read_released(path)
    write_released(path, released, {})
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(
        WeightsError, match=r"harma.pt is not a readable weight file \(.*\); it may be incomplete"
    ):
        read_released(path)
    save_file(released, tmp_path / "harma.safetensors")
    (tmp_path / "harma.safetensors").write_bytes(
        (tmp_path / "harma.safetensors").read_bytes()[:-200]
    )
    with pytest.raises(WeightsError, match="harma.safetensors is not a readable weight file"):
        read_released(tmp_path / "harma.safetensors")


@pytest.mark.shared
def test_golden_names_round_trip(shared_dir):
    state = load_file(shared_dir / "golden/released_layout_weights.safetensors")
    layers = json.loads((shared_dir / "golden/config.json").read_text())["open_clip_config"][
        "text_cfg"
    ]["layers"]
    backbone, adapters, temperature = split_released(state)
    assert sum(name.startswith("shared.") for name in adapters) == 9 * layers
    assert equal(join_released(backbone, {**adapters, "temperature": temperature}), state)
