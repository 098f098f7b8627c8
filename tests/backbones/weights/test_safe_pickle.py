import builtins
import io
import os
import pickle
import pickletools
import subprocess
import sys
import zipfile

import pytest
import ruamel.yaml
import torch

from harma.backbones.weights.placeholders import Placeholder, plain
from harma.backbones.weights.safe_pickle import read_archive, read_weight_file
from harma.errors import MissingFileError, WeightsError


@pytest.fixture
def ran(tmp_path):
    """A file that a hostile pickle would make, and how it would."""
    return tmp_path / "ran", f"touch {tmp_path / 'ran'}"


DTYPES = (
    torch.float64,
    torch.float16,
    torch.bfloat16,
    torch.int64,
    torch.int32,
    torch.int16,
    torch.int8,
    torch.uint8,
    torch.bool,
)


def archive(path, pickled, storages=(), prefix="archive/"):
    """A zip archive as torch.save writes it, around any pickle."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{prefix}data.pkl", pickled)
        for key, content in enumerate(storages):
            file.writestr(f"{prefix}data/{key}", content)
    return path


class Reduced:
    """Pickles into a call of anything."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


# -- what checkpoints hold -------------------------------------------------------------------------


def test_tensors_of_every_dtype_and_layout(tmp_path):
    base = torch.arange(24.0).reshape(4, 6)
    saved = {
        "view": base[1:, ::2],
        "transposed": base.t(),
        "base": base,
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 3),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        **{str(dtype): torch.ones(3).to(dtype) for dtype in DTYPES},
    }
    torch.save(saved, tmp_path / "w.pt")
    read = read_archive(tmp_path / "w.pt")
    assert read.keys() == saved.keys()
    for name, tensor in saved.items():
        assert read[name].dtype == tensor.dtype
        assert torch.equal(read[name], tensor), name
    assert not read["parameter"].requires_grad
    assert read["view"].untyped_storage().data_ptr() == read["base"].untyped_storage().data_ptr()


def test_state_dict_with_its_metadata(tmp_path):
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    torch.save(module.state_dict(), tmp_path / "w.pt")
    read = read_archive(tmp_path / "w.pt")
    assert list(read) == list(module.state_dict())
    assert not hasattr(read, "_metadata")


def test_config_of_ruamel_yaml_can_be_shown(tmp_path):
    config = ruamel.yaml.YAML().load("""
        image_root: 'images'
        train_file: [a.json, b.json]
        batch_size_train: 214
        optimizer: &o {opt: adamW, lr: 4e-6, weight_decay: 0.04}   # a comment
        again: *o
        mask: 0x10
        is_harma: True
        nothing:
        """)
    torch.save({"model": {"w": torch.ones(2)}, "config": config}, tmp_path / "w.pt")
    with pytest.raises(
        WeightsError, match=r"w.pt holds more than weights \(ruamel.yaml.*\) and is not read"
    ):
        read_weight_file(tmp_path / "w.pt")
    read = read_weight_file(tmp_path / "w.pt", foreign=True)
    assert torch.equal(read["model"]["w"], torch.ones(2))
    assert isinstance(read["config"], Placeholder)
    assert repr(read["config"]) == "<ruamel.yaml.comments.CommentedMap, not read>"
    optimizer = {"opt": "adamW", "lr": 4e-6, "weight_decay": 0.04}
    assert plain(read["config"]) == {
        "image_root": "images",
        "train_file": ["a.json", "b.json"],
        "batch_size_train": 214,
        "optimizer": optimizer,
        "again": optimizer,
        "mask": 16,
        "is_harma": True,
        "nothing": None,
    }


# -- what hostile files hold -----------------------------------------------------------------------


ATTACKS = [
    lambda command: Reduced(os.system, command),
    lambda command: Reduced(eval, f"__import__('os').system({command!r})"),
    lambda command: Reduced(builtins.exec, f"import os; os.system({command!r})"),
    lambda command: Reduced(subprocess.Popen, ["sh", "-c", command]),
    lambda command: Reduced(os.popen, command),
    lambda command: Reduced(pickle.loads, pickle.dumps(Reduced(os.system, command))),
    lambda command: Reduced(
        torch.storage._load_from_bytes, pickle.dumps(Reduced(os.system, command))
    ),
]


def test_the_attack_is_real(ran):
    mark, command = ran
    pickle.loads(pickle.dumps(ATTACKS[0](command)))
    assert mark.exists()


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("attack", ATTACKS)
def test_calls_run_nothing(tmp_path, ran, attack, protocol):
    mark, command = ran
    pickled = pickle.dumps(
        {"model": attack(command), "config": [attack(command)]}, protocol=protocol
    )
    read = read_archive(archive(tmp_path / "w.pt", pickled))
    assert isinstance(read["model"], Placeholder)
    assert not mark.exists()


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_checkpoint_runs_nothing(tmp_path, ran, attack):
    mark, command = ran
    torch.save({"model": {"w": torch.ones(2)}, "config": attack(command)}, tmp_path / "w.pt")
    with pytest.raises(WeightsError, match="w.pt holds more than weights"):
        read_weight_file(tmp_path / "w.pt")
    read = read_weight_file(tmp_path / "w.pt", foreign=True)
    assert torch.equal(read["model"]["w"], torch.ones(2))
    assert isinstance(read["config"], Placeholder)
    assert not mark.exists()


def test_bare_pickle_runs_nothing(tmp_path, ran):
    mark, command = ran
    (tmp_path / "w.pt").write_bytes(pickle.dumps(Reduced(os.system, command), protocol=2))
    for foreign in (False, True):
        with pytest.raises(WeightsError, match="w.pt is not a readable weight file"):
            read_weight_file(tmp_path / "w.pt", foreign=foreign)
    assert not mark.exists()


def test_nested_torch_load_runs_nothing(tmp_path, ran):
    mark, command = ran
    inner = io.BytesIO()
    torch.save(Reduced(os.system, command), inner)
    (tmp_path / "inner.pt").write_bytes(inner.getvalue())
    attack = Reduced(torch.load, str(tmp_path / "inner.pt"))
    read = read_archive(archive(tmp_path / "w.pt", pickle.dumps(attack, protocol=2)))
    assert read.args[0] == str(tmp_path / "inner.pt")
    assert not mark.exists()


@pytest.mark.parametrize(
    "code",
    [b"cantigravity\nfly\n.", b"(iantigravity\nfly\n.", b"\x8c\x0bantigravity\x8c\x03fly\x93."],
)
def test_modules_are_not_imported(tmp_path, code):
    sys.modules.pop("antigravity", None)
    read_archive(archive(tmp_path / "w.pt", code))
    assert "antigravity" not in sys.modules


class Watched:
    """Its state is set in a pickle, and that would be seen."""

    states: list = []  # noqa: RUF012

    def __getstate__(self):
        return {"a": 1}

    def __setstate__(self, state):
        self.states.append(state)


def test_states_are_not_set_on_real_objects(tmp_path):
    torch.save([torch.nn.Linear(1, 1), Watched()], tmp_path / "w.pt")
    linear, watched = read_archive(tmp_path / "w.pt")
    assert isinstance(linear, Placeholder)
    assert watched.state == {"a": 1}
    assert Watched.states == []


@pytest.mark.parametrize(
    ("code", "message"),
    [
        # The state of an admitted function, of a placeholder's class, and of a dtype.
        (b"ctorch._utils\n_rebuild_tensor_v2\n}(Vx\nVy\nub.", "the state of a function is set"),
        (b"cos\nsystem\n}(Vx\nVy\nub.", "asks for something that no checkpoint needs"),
        (b"ctorch\nFloatStorage\n}(Vx\nVy\nub.", "asks for something that no checkpoint needs"),
        # References that are no storages: a name, a path out of the archive, a storage of a foreign
        # type.
        (b"Vos.system\nQ.", "a reference to something that is not a storage"),
        (
            b"(Vstorage\nctorch\nFloatStorage\nV../../../etc/passwd\nVcpu\nK\x01tQ.",
            "no item named 'archive/data/../",
        ),
        (
            b"(Vstorage\ncos\nsystem\nV0\nVcpu\nK\x01tQ.",
            "a reference to something that is not a storage",
        ),
        # Tensors without a storage, beyond their storage, and of a size that no memory holds.
        (
            b"ctorch._utils\n_rebuild_tensor_v2\n(Vx\nK\x00(K\x02t(K\x01ttR.",
            "a tensor without a storage",
        ),
        (
            b"ctorch._utils\n_rebuild_tensor_v2\n((Vstorage\nctorch\nFloatStorage\nV0\nVcpu\nK\x01tQK\x00(J\xff\xff\xff\x7ft(K\x01ttR.",
            "asks for something that no checkpoint needs",
        ),
        (
            b"ctorch._utils\n_rebuild_tensor_v2\n((Vstorage\nctorch\nFloatStorage\nV1\nVcpu\nK\x01tQK\x00(J\xff\xff\xff\x7ft(K\x01ttR.",
            "a tensor beyond its storage",
        ),
        # Not a pickle at all, and one that ends too early.
        (b"hello", "asks for something that no checkpoint needs"),
        (b"(", "cannot be read as an archive"),
        (b"", "cannot be read as an archive"),
    ],
)
def test_tricks_are_refused(tmp_path, code, message):
    before = dict(vars(Placeholder)), dict(vars(torch.Tensor))
    with pytest.raises(WeightsError, match=message):
        read_archive(archive(tmp_path / "w.pt", code, [b"0000", b""]))
    assert (dict(vars(Placeholder)), dict(vars(torch.Tensor))) == before


def test_attributes_of_a_dict_cannot_pose_as_methods(tmp_path):
    code = b"ccollections\nOrderedDict\n(tR}(Vitems\nVnot a method\nub."
    pickletools.dis(code, out=io.StringIO())
    assert list(read_archive(archive(tmp_path / "w.pt", code)).items()) == []


# -- files that are no archives --------------------------------------------------------------------


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.99])
def test_truncated_archives(tmp_path, kept):
    torch.save({"w": torch.randn(1000)}, tmp_path / "w.pt")
    content = (tmp_path / "w.pt").read_bytes()
    (tmp_path / "w.pt").write_bytes(content[: int(kept * len(content))])
    with pytest.raises(
        WeightsError,
        match=r"w.pt cannot be read as an archive of torch.save \(.*\): it is incomplete",
    ):
        read_archive(tmp_path / "w.pt")


def test_damaged_numbers_are_noticed(tmp_path):
    torch.save({"w": torch.ones(1000)}, tmp_path / "w.pt")
    content = bytearray((tmp_path / "w.pt").read_bytes())
    content[content.index(b"\x00\x00\x80\x3f" * 20) + 7] ^= 1
    (tmp_path / "w.pt").write_bytes(content)
    with pytest.raises(WeightsError, match="cannot be read as an archive .*CRC"):
        read_archive(tmp_path / "w.pt")


def test_archives_of_other_kinds(tmp_path):
    with pytest.raises(
        MissingFileError, match="none.pt is not there; give the path of a checkpoint"
    ):
        read_archive(tmp_path / "none.pt")
    archive(tmp_path / "w.pt", b"", prefix="a/b/")
    with pytest.raises(
        WeightsError,
        match="is a zip archive, but not of torch.save: it holds a/b/data.pkl; unpack it",
    ):
        read_archive(tmp_path / "w.pt")
    with zipfile.ZipFile(archive(tmp_path / "w.pt", pickle.dumps({})), "a") as file:
        file.writestr("archive/byteorder", b"big")
    with pytest.raises(
        WeightsError, match="w.pt was written on a big-endian machine; load it there and save"
    ):
        read_archive(tmp_path / "w.pt")
