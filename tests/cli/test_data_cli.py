import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from harma.cli import main
from harma.curation import download
from harma.curation.download import Download


@pytest.fixture
def data(tmp_path):
    """A description whose test image is a train image turned by 90°."""
    (tmp_path / "images").mkdir()
    for i in range(4):
        pixels = np.random.default_rng(i).integers(0, 256, (6, 6, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((40, 40), Image.Resampling.BICUBIC).save(
            tmp_path / "images" / f"{i}.png"
        )
    turned = Image.open(tmp_path / "images" / "0.png").transpose(Image.Transpose.ROTATE_90)
    turned.save(tmp_path / "images" / "t.png")
    rows = [
        {
            "image": f"{i}.png",
            "caption": "Two storage tanks.",
            "image_id": i,
            "label_name": "ab"[i % 2],
        }
        for i in range(4)
    ]
    (tmp_path / "train.json").write_text(json.dumps(rows))
    (tmp_path / "test.json").write_text(
        json.dumps([{"image": "t.png", "caption": ["a storage tank"]}])
    )
    (tmp_path / "data.yaml").write_text("name: mine\ntrain: train.json\ntest: test.json\n")
    return str(tmp_path / "data.yaml")


ACTIONS = ("check", "stats", "convert", "split", "audit", "vocabulary", "download", "scenes")


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_has_help_with_examples(action, capsys):
    with pytest.raises(SystemExit):
        main(["data", action, "--help"])
    shown = capsys.readouterr().out
    assert (
        f"examples:\n  harma data {action}" in shown.replace("\nexamples", "\nexamples")
        or "examples:" in shown
    )
    assert f"harma data {action}" in shown


def test_stats(data, tmp_path, capsys):
    out = tmp_path / "out"
    assert (
        main(
            ["data", "stats", data, "--json", str(out / "s.json"), "--picture", str(out / "s.png")]
        )
        == 0
    )
    assert "captions shared by images" in capsys.readouterr().out
    assert json.loads((out / "s.json").read_text())["splits"][0]["num_shared"] == 4
    assert main(["data", "stats", data, "--picture", "s.jpg"]) == 2
    assert "ends in .png" in capsys.readouterr().err


def test_convert_says_what_is_lost_and_writes_only_when_told(data, tmp_path, capsys):
    arguments = ["data", "convert", data, "--to", "caps", "--output", str(tmp_path / "c")]
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert "lost: image ids: 4" in shown.out
    assert "nothing is written" in shown.err
    assert not (tmp_path / "c").exists()
    assert main([*arguments, "--lossy"]) == 0
    assert "harma train RECIPE --data.name" in capsys.readouterr().out
    assert main(["data", "check", str(tmp_path / "c" / "data.yaml")]) == 0
    assert main([*arguments, "--lossy"]) == 2
    assert main([*arguments, "--lossy", "--overwrite"]) == 0


def test_split_writes_what_training_takes(data, tmp_path, capsys):
    arguments = [
        "data",
        "split",
        data,
        "--ratios",
        "0.5",
        "0.25",
        "0.25",
        "--output",
        str(tmp_path / "s"),
    ]
    assert main(arguments) == 0
    assert "copies kept on one side: 2 images in 1 groups" in capsys.readouterr().out
    assert main(["data", "check", str(tmp_path / "s" / "data.yaml")]) == 0
    assert main([*arguments, "--to", "csv", "--overwrite"]) == 2
    assert "--lossy" in capsys.readouterr().err


def test_audit_writes_lists_and_sheets(data, tmp_path, capsys):
    assert main(["data", "audit", data, "--output", str(tmp_path / "a")]) == 1
    shown = capsys.readouterr().out
    assert "5 images, 1 pairs of copies in 1 groups" in shown
    assert "mine train 0.png | mine test t.png" in shown
    assert "to leave out: 1 images" in shown
    assert {path.name for path in (tmp_path / "a").iterdir()} == {
        "exclude_mine.csv",
        "audit.json",
        "pairs.html",
        "pairs.png",
    }
    assert (tmp_path / "a" / "exclude_mine.csv").read_text().splitlines()[
        1
    ] == "mine,train,0.png,mine test t.png"
    assert main(["data", "audit", data, "--exact-only"]) == 0


def test_audit_of_several_data_sets_needs_a_folder_for_each(data, capsys):
    assert main(["data", "audit", data, "ucm", "--root", "x"]) == 2
    assert "write DATA=DIR for each" in capsys.readouterr().err
    assert main(["data", "audit", data, "ucm"]) == 2
    assert "--root is not given" in capsys.readouterr().err
    assert main(["data", "audit", f"{data}=nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_vocabulary_of_data_sets_and_files(data, tmp_path, capsys):
    (tmp_path / "more.txt").write_text("a storage tank\n")
    arguments = ["data", "vocabulary", data, str(tmp_path / "more.txt")]
    arguments += ["--json", str(tmp_path / "v.json"), "--text", str(tmp_path / "v.txt")]
    assert main(arguments) == 0
    content = json.loads((tmp_path / "v.json").read_text())
    assert {term["text"]: term["count"] for term in content["terms"]} == {
        "storage": 6,
        "storage tank": 6,
        "tank": 6,
    }
    assert content["labels"] == ["a", "b"]
    assert (tmp_path / "v.txt").read_text() == "storage\nstorage tank\ntank\n"
    assert main(["data", "vocabulary", str(tmp_path / "none.txt")]) == 2
    assert "there is no file" in capsys.readouterr().err


def test_numbers_are_labels_where_names_are_missing(data, tmp_path, capsys):
    rows = [{"image": f"{i}.png", "caption": "a boat", "image_id": i, "label": 7} for i in range(2)]
    (tmp_path / "train.json").write_text(json.dumps(rows))
    assert main(["data", "vocabulary", data, "--splits", "train"]) == 0
    assert "7: boat" in capsys.readouterr().out


def test_the_pieces_of_clips_tokenizer(data, capsys):
    assert main(["data", "vocabulary", data, "--pieces"]) == 0
    assert "words that the tokenizer cuts" in capsys.readouterr().out


def test_download_tells_first_and_gets_nothing_unasked(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(download, "fetch", lambda *args, **options: pytest.fail("downloaded"))
    assert main(["data", "download"]) == 0
    assert "ucm-images" in capsys.readouterr().out
    assert main(["data", "download", "rsitmd"]) == 1
    assert "harma data check rsitmd" in capsys.readouterr().out
    assert main(["data", "download", "ucm-images", "--output", str(tmp_path)]) == 1
    shown = capsys.readouterr().out
    assert "licence:" in shown
    assert "332 MB" in shown
    assert "not downloaded" in shown
    assert main(["data", "download", "ucm-images"]) == 2
    assert main(["data", "download", "x"]) == 2


def test_download_and_unpack(tmp_path, monkeypatch, capsys):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a/b.txt", "x")
    item = Download(
        "x",
        "X",
        "free",
        "http://home",
        "here",
        "a folder",
        url="http://127.0.0.1/x.zip",
        sha256="00",
    )
    monkeypatch.setattr(download, "known_downloads", lambda: {"x": item})
    monkeypatch.setattr(download, "fetch", lambda *args, **options: (tmp_path / "x.zip", "00"))
    assert (
        main(["data", "download", "x", "--output", str(tmp_path / "o"), "--yes", "--unpack"]) == 0
    )
    assert "as it should be" in capsys.readouterr().out
    assert (tmp_path / "o" / "a" / "b.txt").is_file()
