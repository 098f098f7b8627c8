"""harma searches export, import."""

import json

import pytest


def test_an_export_is_imported_into_another_search(archive, say, search, marked, tmp_path):
    for suffix in ("geojson", "csv", "parquet"):
        file = tmp_path / f"marks.{suffix}"
        status, shown = say("export", archive, search, file)
        assert (status, shown) == (0, f"2 marks written to {file}\n")
        other = say("save", archive, "a field")[1].split()[0]
        status, shown = say("import", archive, other, file, "--who", "ben")
        assert (status, shown) == (0, "2 marks set\n")
        assert "two cranes  (ben)" in say("show", archive, other)[1]


def test_rows_that_are_left_out_are_told(archive, say, search, marked, tmp_path):
    file = tmp_path / "labels.csv"
    rows = [f"{marked[0]},good", "x,great", *(f"none{i},bad" for i in range(12))]
    file.write_text("\n".join(["id,mark", *rows]))
    status, shown = say("import", archive, search, file)
    assert status == 1
    assert "1 marks set\n" in shown
    assert "row 2 cannot be used: its mark is 'great'" in shown
    assert "not in the index: none0" in shown
    assert "… 12 chips or places are not in the index" in shown


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("marks.txt", "x", "none of the suffixes"),
        ("none.csv", None, "is not there"),
        ("marks.geojson", "{", "is no JSON"),
        ("marks.csv", "a,b\n1,2\n", "no column mark"),
    ],
)
def test_files_that_cannot_be_read(archive, say, search, tmp_path, name, content, said):
    if content is not None:
        (tmp_path / name).write_text(content)
    status, shown = say("import", archive, search, tmp_path / name)
    assert status == 2
    assert said in shown


def test_a_file_that_is_too_large(archive, say, search, tmp_path, monkeypatch):
    from harma.cli.searches import files

    monkeypatch.setattr(files, "MOST_BYTES", 3)
    (tmp_path / "marks.csv").write_text("id,mark\n")
    assert "larger than 3 bytes" in say("import", archive, search, tmp_path / "marks.csv")[1]


def test_where_marks_are_not_written(archive, say, search, tmp_path):
    from pathlib import Path

    status, shown = say("export", archive, search, Path(archive) / "marks.csv")
    assert status == 2
    assert "lies inside the index" in shown
    status, shown = say("export", archive, search, tmp_path / "marks.csv")
    assert status == 1
    assert "0 marks written" in shown
    assert json.dumps(sorted(path.name for path in Path(archive).glob("*.csv"))) == "[]"
