"""The way from scenes to hits on the command line."""

import json
import re
from itertools import pairwise

import pytest
import torch
from tests.conftest import TINY

from harma.backbones import load_backbone
from harma.cli import main
from harma.model.caption_file import write_captions
from harma.model.caption_memory import CaptionMemory
from harma.model.fingerprint import model_id
from harma.model.saved import load


@pytest.fixture
def archive(write_scenes, tmp_path, capsys):
    """An index of three scenes."""
    torch.manual_seed(0)
    load_backbone(TINY).save(tmp_path / "model")
    write_scenes(tmp_path / "scenes", 3)
    options = ["--model", str(tmp_path / "model"), "--size", "48", "--num-workers", "0"]
    assert (
        main(["index", "build", str(tmp_path / "archive"), str(tmp_path / "scenes"), *options]) == 0
    )
    assert "12 chips added" in capsys.readouterr().out
    return str(tmp_path / "archive")


def test_an_index_embedded_in_bf16_is_searched_in_float32(archive, tmp_path, capsys):
    options = [
        "--model",
        str(tmp_path / "model"),
        "--size",
        "48",
        "--num-workers",
        "0",
        "--precision",
        "bf16",
    ]
    assert (
        main(["index", "build", str(tmp_path / "rounded"), str(tmp_path / "scenes"), *options]) == 0
    )
    capsys.readouterr()
    scores = {}
    for where in (archive, str(tmp_path / "rounded")):
        assert (
            main(["search", where, "a river", "-k", "12", "--keep-overlapping", "--format", "json"])
            == 0
        )
        scores[where] = {hit["id"]: hit["score"] for hit in json.loads(capsys.readouterr().out)}
    exact, rounded = scores.values()
    assert exact != rounded
    assert rounded == pytest.approx(exact, abs=0.02)


def test_hits_in_every_format(archive, capsys):
    assert main(["search", archive, "a river", "-k", "3"]) == 0
    assert "scene" in capsys.readouterr().out
    assert main(["search", archive, "a river", "-k", "3", "--format", "json"]) == 0
    hits = json.loads(capsys.readouterr().out)
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)
    assert main(["search", archive, "a river", "-k", "3", "--format", "geojson"]) == 0
    collection = json.loads(capsys.readouterr().out)
    assert [feature["id"] for feature in collection["features"]] == [hit["id"] for hit in hits]
    assert main(["search", archive, "a river", "-k", "3", "--format", "csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("rank,score,percentile,standing,id")
    assert len(lines) == 4


def test_filters_and_examples(archive, capsys):
    assert (
        main(
            [
                "search",
                archive,
                "--like",
                "a river",
                "--since",
                "2012",
                "--format",
                "json",
                "-k",
                "50",
            ]
        )
        == 0
    )
    hits = json.loads(capsys.readouterr().out)
    assert {hit["datetime"][:4] for hit in hits} == {"2012"}
    assert (
        main(["search", archive, f"--image=chip:{hits[0]['id']}", "-k", "1", "--format", "json"])
        == 0
    )
    assert json.loads(capsys.readouterr().out)[0]["id"] == hits[0]["id"]
    assert main(["search", archive, "a river", "--bbox", "100,0,110,10"]) == 1
    assert "nothing matches" in capsys.readouterr().out
    assert main(["search", archive, ""]) == 2
    assert "error: " in capsys.readouterr().err


def test_hits_written_to_files_by_their_suffix(archive, tmp_path, capsys):
    import geopandas
    from geojson_pydantic import FeatureCollection
    from PIL import Image

    for suffix in (".json", ".csv", ".geojson", ".parquet", ".html", ".png"):
        file = tmp_path / f"hits{suffix}"
        assert (
            main(
                [
                    "search",
                    archive,
                    "a river",
                    "-k",
                    "3",
                    "--unlike",
                    "a road@0.2",
                    "--output",
                    str(file),
                ]
            )
            == 0
        )
        assert f"3 hits written to {file}" in capsys.readouterr().out
    collection = FeatureCollection.model_validate_json((tmp_path / "hits.geojson").read_text())
    assert len(collection.features) == 3
    for feature in collection.features:
        ring = feature.geometry.coordinates[0]
        area = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))
        assert area > 0, "counter-clockwise, as RFC 7946 asks for"
    frame = geopandas.read_parquet(tmp_path / "hits.parquet")
    assert list(frame["rank"]) == [1, 2, 3]
    assert frame.geometry.is_valid.all()
    page = (tmp_path / "hits.html").read_text()
    assert "a river" in page
    assert page.count("data:image/") >= 3
    assert Image.open(tmp_path / "hits.png").width > 500


def test_what_joined_a_text_is_said(archive, tmp_path, capsys):
    # Captions of the model itself, as a run keeps them.
    model = load(tmp_path / "model")
    keep = CaptionMemory(("a river", "two rivers"), model.embed_texts(["a", "b"]), model_id(model))
    write_captions(tmp_path / "model" / "captions.safetensors", keep)
    joined = 'joined "a river": 2 captions of training ("a river", "two rivers"), 3 phrases\n'
    assert main(["search", archive, "a river"]) == 0
    assert capsys.readouterr().out.endswith(f"\n{joined}")
    scores = {}
    for expand in ("auto", "off"):
        options = ["--expand", expand, "-k", "12", "--keep-overlapping"]
        assert main(["search", archive, "a river", *options, "--format", "geojson"]) == 0
        output = capsys.readouterr()
        collection = json.loads(output.out)
        scores[expand] = [item["properties"]["score"] for item in collection["features"]]
        assert output.err.count(joined) == (expand == "auto")
        told = collection.get("expanded", [])
        assert [item["num_captions"] for item in told] == ([2] if expand == "auto" else [])
    assert scores["auto"] != scores["off"]
    file = tmp_path / "hits.html"
    assert main(["search", archive, "a river", "--output", str(file)]) == 0
    page = file.read_text()
    assert "2 captions of training" in page
    assert "expand" not in page
    assert joined in capsys.readouterr().err
    options = ["--expand", "off", "--output", str(file)]
    assert main(["search", archive, "a river", *options]) == 0
    assert "expand off" in " ".join(re.sub("<[^>]+>", " ", file.read_text()).split())
    assert "joined" not in capsys.readouterr().err
    assert main(["search", archive, "--like", "a submarine"]) == 0
    assert "joined" not in capsys.readouterr().out


def test_formats_that_do_not_fit(archive, tmp_path, capsys):
    for options, message in (
        (["--output", str(tmp_path / "hits.docx")], "has none of the suffixes .json, .csv"),
        (["--format", "png"], "the format png is written to a file: give --output FILE"),
        (["--format", "table", "--output", "x.txt"], "a table is shown, not written"),
    ):
        assert main(["search", archive, "a river", *options]) == 2
        assert message in capsys.readouterr().err


def test_change_between_dates(archive, write_scenes, tmp_path, capsys):
    import rasterio

    old = next((tmp_path / "scenes").glob("scene1_*"))
    with rasterio.open(old) as dataset:
        profile, values = dataset.profile, dataset.read()
    with rasterio.open(tmp_path / "scenes" / "again_20220601.tif", "w", **profile) as dataset:
        dataset.write(values[::-1])
    assert main(["index", "build", archive, str(tmp_path / "scenes"), "--num-workers", "0"]) == 0
    capsys.readouterr()
    asked = ["search", archive, "a river", "--before", "2012", "--after", "2020"]
    assert main([*asked, "--format", "json"]) == 0
    hits = json.loads(capsys.readouterr().out)
    assert len(hits) == 4
    assert {hit["then_datetime"][:4] for hit in hits} == {"2011"}
    gains = [hit["change"] for hit in hits]
    assert gains == sorted(gains, reverse=True)
    assert gains[0] == pytest.approx(hits[0]["score"] - hits[0]["then_score"], abs=1e-5)
    assert main([*asked, "--format", "csv"]) == 0
    assert "change,then_score,then_id" in capsys.readouterr().out.splitlines()[0]
    assert main([*asked, "--output", str(tmp_path / "change.html")]) == 0
    assert "gain is how much more" in (tmp_path / "change.html").read_text()
    capsys.readouterr()
    assert main(asked) == 0
    assert "gain" in capsys.readouterr().out
    assert main(["search", archive, "a river", "--before", "2012"]) == 2
    assert "--since" in capsys.readouterr().err


def test_negative_coordinates_and_files_inside_the_index(archive, capsys):
    assert main(["search", archive, "a river", "--bbox", "-10,-20,10,80", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)
    for command in (["search", archive, "a river", "--output"], ["index", "export", archive]):
        assert main([*command, f"{archive}/index.json"]) == 2
        assert "lies inside the index" in capsys.readouterr().err
    assert main(["index", "info", archive]) == 0
    assert main(["index", "add", archive, ""]) == 2
    assert "empty text" in capsys.readouterr().err
    assert main(["search", archive, "a river", "--where", "1=1) OR (1=1"]) == 2
    assert "is not closed" in capsys.readouterr().err


def test_a_sheet_states_what_was_asked_and_not_where_it_went(archive, tmp_path):
    file = tmp_path / "hits.html"
    asked = ["--unlike", "a road@0.2", "--bbox", "-10,-20,10,80", "--since", "2010"]
    options = [*asked, "--format", "html", "--output", str(file)]
    assert main(["search", archive, "--like", "a river@2", "--like", "a sea", *options]) == 0
    page = file.read_text()
    assert "a river + a sea" in page
    text = " ".join(re.sub(r"<(style|script).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL).split())
    for stated in ("unlike a road@0.2", "bbox -10.0, -20.0, 10.0, 80.0", "since 2010"):
        assert stated in text
    for silent in ("format html", "output", "directory", "until", "exact", archive):
        assert silent not in text


def test_a_text_that_is_too_long_is_told(archive, capsys, caplog):
    text = " ".join(f"word{number}" for number in range(100))
    assert main(["search", archive, text, "--unlike", "a road", "-k", "1"]) == 0
    messages = [record.getMessage() for record in caplog.records if "tokens" in record.getMessage()]
    assert len(messages) == 1
    assert "the last 72 of its 100 words are left out, from 'word28 word29" in messages[0]
    caplog.clear()
    assert main(["search", archive, "a river beside a road", "-k", "1"]) == 0
    assert not any("tokens" in record.getMessage() for record in caplog.records)


def test_an_area_in_a_file(archive, tmp_path, capsys):
    import geopandas
    import shapely

    assert main(["search", archive, "a river", "-k", "50", "--format", "json"]) == 0
    hits = json.loads(capsys.readouterr().out)
    places = [shapely.geometry.shape(hit["geometry"]) for hit in hits]
    area = places[0].buffer(-1e-4)
    frame = geopandas.GeoDataFrame(geometry=[area], crs=4326)
    frame.to_crs(3857).to_file(tmp_path / "a.gpkg", layer="one")
    expected = sum(area.intersects(place) for place in places)
    for polygon in (f"{tmp_path / 'a.gpkg'}|layer=one", area.wkt, f"SRID=4326;{area.wkt}"):
        words = ["search", archive, "a river", "-k", "50", "--format", "json"]
        assert main([*words, "--polygon", polygon]) == 0
        assert len(json.loads(capsys.readouterr().out)) == expected
    assert main(["search", archive, "a river", "--polygon", "https://example.com/a.geojson"]) == 2
    assert "is an address, which is not read here" in capsys.readouterr().err
