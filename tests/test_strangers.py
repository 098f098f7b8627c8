"""What comes from a stranger: nothing in it is run, read elsewhere or reached.

A listener on the loopback interface stands for all addresses; it must see no call. A mark in the
test's folder stands for all that a program in a file could do.
"""

import json
import os
import pickle
import shutil
import socket
import threading
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from tests.conftest import TINY

import harma
from harma.backbones import load_backbone
from harma.backbones.weights.safe_pickle import read_archive, read_weight_file
from harma.curation.download import unpack
from harma.errors import DataError, HarmaError, QueryError, WeightsError
from harma.index.settings import read_settings
from harma.methods.harma.config import AdapterConfig
from harma.model.model import HarMA
from harma.model.saved import save_with_backbone
from harma.original.names import read_released


@pytest.fixture
def listener(monkeypatch):
    """Counts the calls of a port, to which everything that fetches is pointed."""
    server = socket.create_server(("127.0.0.1", 0))
    calls = []

    def serve():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            calls.append(connection.recv(200))
            connection.close()

    threading.Thread(target=serve, daemon=True).start()
    address = f"http://127.0.0.1:{server.getsockname()[1]}"
    monkeypatch.setenv("HF_ENDPOINT", address)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, address)
    yield calls, address
    server.close()


@pytest.fixture
def mark(tmp_path):
    """What must not be there at the end."""
    place = tmp_path / "mark"
    yield place
    assert not place.exists()


def reduces_to(call, *args):
    """An object that makes a call when it is unpickled."""
    return type("Hostile", (), {"__reduce__": lambda self: (call, args)})()


def connect(host, port):
    socket.create_connection((host, port)).close()


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".bin", ".ckpt"])
@pytest.mark.parametrize("inside", ["whole", "value", "beside"])
def test_pickles_run_nothing(tmp_path, mark, listener, suffix, inside):
    calls, address = listener
    port = int(address.rpartition(":")[2])
    for call in (
        (os.system, f"touch {mark}"),
        (open, str(mark), "w"),
        (connect, "127.0.0.1", port),
    ):
        hostile = reduces_to(*call)
        content = {
            "whole": hostile,
            "value": {"a": hostile},
            "beside": {"a": torch.ones(1), "b": hostile},
        }
        for write in (torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))):
            file = tmp_path / f"weights{suffix}"
            write(content[inside], file)
            with pytest.raises(WeightsError):
                load_backbone(str(file), architecture=TINY, quick_gelu=False)
            with pytest.raises(WeightsError):
                read_released(file)
            # Read for showing: an inert placeholder, or refused.
            for read in (read_archive, lambda path: read_weight_file(path, foreign=True)):
                with suppress(WeightsError):
                    read(file)
    assert not calls


@pytest.mark.parametrize(
    "change",
    [
        {"vision_cfg": {"timm_model_name": "hf-hub:stranger/model", "image_size": 32}},
        {"text_cfg": {"hf_model_name": "stranger/model", "hf_tokenizer_name": "stranger/model"}},
        {"text_cfg": {"hf_model_name": "{here}", "hf_tokenizer_name": "{here}"}},
    ],
)
def test_configs_of_models_fetch_and_run_nothing(tmp_path, model, mark, listener, change):
    calls, _ = listener
    folder = tmp_path / "stranger"
    shutil.copytree(model[1], folder)
    code = (
        f"open({str(mark)!r}, 'w')\nclass Model: pass\nclass Config: pass\nclass Tokenizer: pass\n"
    )
    (folder / "code.py").write_text(code)
    remote = {"AutoConfig": "code.Config", "AutoModel": "code.Model"}
    (folder / "config.json").write_text(json.dumps({"model_type": "own", "auto_map": remote}))
    tokenizer = {
        "tokenizer_class": "Tokenizer",
        "auto_map": {"AutoTokenizer": ["code.Tokenizer", None]},
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    config = json.loads((folder / "open_clip_config.json").read_text())
    for key, values in change.items():
        text = json.dumps(values).replace("{here}", str(folder))
        config["model_cfg"][key] = json.loads(text)
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    with pytest.raises(HarmaError):
        harma.load(folder).embed_texts(["a road"])
    assert not calls


@pytest.mark.parametrize(
    "change",
    [
        {"adapter": {"adapter": "os.system", "bottleneck_dim": 16, "num_heads": 2}},
        {"method": "subprocess.Popen", "options": {"args": "touch {mark}", "shell": True}},
        {"method": "tests.test_strangers.connect", "options": {}},
        {"backbone": {"name": "hf-hub:stranger/model", "weights_hash": "sha256:0"}},
        {"backbone": {"name": "stranger/model", "weights_hash": "sha256:0"}},
    ],
)
def test_configs_of_adapters_run_and_fetch_nothing(tmp_path, mark, listener, change):
    calls, _ = listener
    config = AdapterConfig(bottleneck_dim=16, num_heads=2, text_attention="causal")
    save_with_backbone(HarMA(load_backbone(TINY), config), tmp_path / "adapter")
    file = tmp_path / "adapter/adapter_config.json"
    text = json.dumps({**json.loads(file.read_text()), **change}).replace("{mark}", str(mark))
    file.write_text(text)
    with pytest.raises(HarmaError, match=r"adapter|method|on this machine|stranger"):
        harma.load(tmp_path / "adapter")
    assert not calls


@pytest.mark.parametrize(
    "condition",
    [
        "gsd > 0; DROP TABLE chips",
        "gsd > 0); DELETE FROM chips; --",
        "gsd > 0 UNION SELECT * FROM sources",
        "EXISTS (SELECT * FROM read_csv('/etc/passwd'))",
        "id IN (SELECT content FROM read_text('/etc/passwd'))",
        "id = (COPY chips TO '{mark}')",
        "COPY (SELECT 1) TO '{mark}'",
        "id = pg_read_file('/etc/passwd')",
        "id = load_extension('/tmp/a.so')",
        "id = getenv('HOME')",
        "source IN (SELECT * FROM 'http://127.0.0.1:9/a.parquet')",
    ],
)
def test_conditions_read_and_write_nothing(write_scenes, build_index, tmp_path, mark, condition):
    write_scenes(tmp_path / "scenes", 1)
    build_index(tmp_path / "scenes")
    index = harma.Index.open(tmp_path / "index")
    before = len(index)
    with pytest.raises(QueryError, match="the condition"):
        index.search("a road", where=condition.replace("{mark}", str(mark)))
    index.refresh()
    assert len(index) == before


@pytest.mark.parametrize(
    "name", ["../../elsewhere", "/etc", "a/../../b", "..", ".", "", "a\0b", "a\\b", 7]
)
def test_settings_of_an_index_lead_nowhere_else(write_scenes, build_index, tmp_path, name):
    write_scenes(tmp_path / "scenes", 1)
    build_index(tmp_path / "scenes")
    file = tmp_path / "index/index.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "model_id": name}))
    with pytest.raises(DataError, match=r"index.json is damaged \(model_id is"):
        read_settings(tmp_path / "index")


@pytest.mark.parametrize(
    "name", ["../out.txt", "/tmp/harma-out.txt", "a/../../out.txt", "..\\..\\out.txt"]
)
def test_archives_stay_in_their_folder(tmp_path, name):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr(name, "x")
    folder = tmp_path / "deep/folder"
    folder.mkdir(parents=True)
    # What zipfile itself makes harmless is written inside.
    with suppress(DataError):
        unpack(archive, folder)
    written = {path for path in tmp_path.rglob("*") if path.is_file()} - {archive}
    assert all(path.is_relative_to(folder) for path in written)
    assert not Path("/tmp/harma-out.txt").exists()


def test_links_in_archives_are_no_links(tmp_path):
    archive = tmp_path / "a.zip"
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr(link, "/etc")
        packed.writestr("link2", "x")
    unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out/link").is_symlink()


def test_an_archive_that_fills_a_disk_is_not_unpacked(tmp_path):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for number in range(3):
            with packed.open(f"{number}.png", "w", force_zip64=True) as member:
                for _ in range(500):
                    member.write(bytes(1 << 20))
    with pytest.raises(DataError, match=r"says that it unpacks to 1,572,864,000; not unpacked"):
        unpack(archive, tmp_path / "out")
    assert not any((tmp_path / "out").glob("*"))
