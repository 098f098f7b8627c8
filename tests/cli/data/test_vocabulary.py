"""harma data vocabulary."""

import json

from harma.cli import main


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
