"""A run on GeoTIFFs of four bands: trained, evaluated, indexed and searched by what it reads."""

import json
import logging
import shutil

import numpy as np
import pytest
import rasterio
from fastapi.testclient import TestClient
from PIL import Image
from tests.training.runs import trained

import harma
from harma.data.synthetic.spectral_dataset import make_spectral_scenes
from harma.errors import ConfigError, DataError, ModelMismatchError, QueryError
from harma.index.index import Index
from harma.index.pictures import pictures_of
from harma.index.settings import read_settings
from harma.scenes.model_bands import BAND_SETS
from harma.serve.app import make_app
from harma.serve.service import Service
from harma.serve.settings import ServeSettings

BANDS = BAND_SETS["sentinel-2-4"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    directory = tmp_path_factory.mktemp("spectral")
    return make_spectral_scenes(directory, train=12, val=4, test=4, size=32, captions=2)


def values(tiny_config, data, output):
    return {
        "method": "full",
        "backbone": {
            "model_cfg": tiny_config,
            "preprocess_cfg": {"bands": "sentinel-2-4"},
        },
        "data": {"name": str(data), "batch_size": 6, "num_workers": 0, "cache": "memory"},
        "loss": {"terms": {"contrastive": 1.0}},
        "optim": {"lr": 1e-3},
        "train": {"epochs": 1, "accelerator": "cpu", "log_every": 1, "report": True},
        "output": str(output),
    }


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    from tests.conftest import TINY

    return trained(values(TINY, data, tmp_path_factory.mktemp("run") / "run"))


def test_it_reads_what_it_was_trained_on(run, data):
    model = harma.load(run)
    assert model.preprocess.bands == BANDS
    paths = sorted((data.parent / "images").glob("test*"))
    by_path = model.embed_images(paths)
    with rasterio.open(paths[0]) as dataset:
        reflectance = dataset.read().astype(np.float32) * 0.0001 - 0.1
    by_array = model.embed_images([np.moveaxis(reflectance, 0, -1)])
    np.testing.assert_allclose(by_path[:1], by_array, atol=1e-6)
    # Near infrared counts.
    reflectance[3] *= 0.3
    changed = model.embed_images([np.moveaxis(reflectance, 0, -1)])
    assert np.abs(changed - by_array).max() > 1e-3
    figures = json.loads((run / "metrics.json").read_text())["test"]["metrics"]
    assert harma.evaluate(run).metrics == pytest.approx(figures)


def test_the_report_shows_pictures(run):
    page = (run / "report.html").read_text()
    assert "data:image/jpeg;base64," in page


def test_augmentations_of_pictures_are_left_out_by_name(tiny_config, data, tmp_path, caplog):
    told = values(tiny_config, data, tmp_path / "run")
    told["train"]["report"] = False
    with caplog.at_level(logging.WARNING):
        trained(told)
    (message,) = [text for text in caplog.messages if "RandomAugment" in text]
    assert "AutoContrast" in message
    assert "B02, B03, B04, B08" in message


def test_pictures_are_refused(run, tmp_path):
    model = harma.load(run)
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"plain picture .* and the model reads B02, B03, B04, B08"):
        model.embed_images([tmp_path / "a.png"])
    with pytest.raises(DataError, match="the model reads B02.* got Image"):
        model.embed_images([Image.new("RGB", (8, 8))])
    with pytest.raises(DataError, match=r"array of uint8 of shape \(8, 8, 4\)"):
        model.embed_images([np.zeros((8, 8, 4), dtype=np.uint8)])


@pytest.fixture(scope="module")
def index(run, data, tmp_path_factory):
    place = tmp_path_factory.mktemp("index")
    paths = sorted((data.parent / "images").glob("test*"))
    Image.new("RGB", (8, 8)).save(place / "a.png")
    # Without near infrared.
    with rasterio.open(paths[0]) as dataset:
        profile = {**dataset.profile, "count": 3}
        with rasterio.open(place / "rgb.tif", "w", **profile) as written:
            written.write(dataset.read([1, 2, 3]))
            written.descriptions = ("B02", "B03", "B04")
    sources = [*paths, place / "a.png", place / "rgb.tif"]
    outcome = Index.build(place / "index", sources, run, num_workers=0, whole=True)
    return place / "index", paths, outcome


def test_what_lacks_a_band_is_listed_and_the_build_goes_on(index):
    place, paths, outcome = index
    assert sorted(name.rpartition("/")[2] for name in outcome.problems) == ["a.png", "rgb.tif"]
    problem = next(why for name, why in outcome.problems.items() if name.endswith("rgb.tif"))
    assert problem.startswith("it has B02 (blue), B03 (green), B04 (red), and the model reads")
    assert problem.endswith("lacking: B08")
    assert len(Index.open(place)) == len(paths)


def test_an_index_records_bands_and_reads_examples_alike(index):
    place, paths, _ = index
    assert read_settings(place).reading.values == BANDS
    for path in paths:
        hit = Index.open(place).search(image=path, k=1)[0]
        assert hit.source == str(path)
        assert hit.score > 0.9999
    # What people see is a picture.
    (picture,) = pictures_of(Index.open(place).store, [hit])
    assert picture.image.mode == "RGB"
    assert np.asarray(picture.image).std() > 1


def test_an_index_of_other_bands_is_refused(index, model):
    place, paths, _ = index
    with pytest.raises(
        ModelMismatchError, match=r"made with the bands B02.*reads pictures \(red, green, blue\)"
    ):
        Index.open(place, model=model[0])
    with pytest.raises(ModelMismatchError, match="made with the bands B02"):
        Index.build(place, paths, model[1], num_workers=0)


def test_a_query_by_a_picture_is_refused(index):
    place, _, _ = index
    with pytest.raises(QueryError, match="reads bands of a sensor, which a picture has not"):
        Index.open(place).search(image=Image.new("RGB", (8, 8)), k=1)


@pytest.fixture(scope="module")
def client(index):
    """Of a server over the index, which is ready."""
    service = Service.of(ServeSettings(indexes={"a": index[0]}))
    for served in service.indexes.values():
        served.warm_up()
    with TestClient(make_app(service), base_url="http://localhost") as client:
        yield client


def asked(client, **query):
    return client.post("/v1/indexes/a/search", json={"k": 1, **query})


def sent(client, body, kind):
    return client.post("/v1/uploads", content=body, headers={"content-type": f"image/{kind}"})


def test_it_is_searched_over_http(client, index):
    _, paths, _ = index
    assert asked(client, text="a pond").json()["features"]
    # By the file of a scene, as at the command line: alone, beside a text, as an example, saved.
    upload = sent(client, paths[1].read_bytes(), "tiff").json()["id"]
    (hit,) = asked(client, image={"upload": upload}).json()["features"]
    assert hit["properties"]["source_name"] == paths[1].name
    assert hit["properties"]["score"] > 0.9999
    (hit,) = asked(client, like=[{"upload": upload}]).json()["features"]
    assert hit["properties"]["source_name"] == paths[1].name
    assert asked(client, text="a pond", image={"upload": upload}).status_code == 200
    assert asked(client, text="a pond", unlike=[{"upload": upload}]).status_code == 200
    saved = client.post(
        "/v1/searches", json={"index": "a", "name": "b", "asked": {"image": {"upload": upload}}}
    )
    assert saved.status_code == 201, saved.text


def test_over_http_an_upload_that_lacks_bands_is_422(client, index, tmp_path):
    place, _, _ = index
    Image.new("RGB", (8, 8)).save(tmp_path / "a.tif")
    pictures = [
        ((place.parent / "a.png").read_bytes(), "png", "red, green and blue alone"),
        ((tmp_path / "a.tif").read_bytes(), "tiff", "red, green and blue alone"),
        ((place.parent / "rgb.tif").read_bytes(), "tiff", "lacking: B08"),
    ]
    for body, kind, why in pictures:
        upload = sent(client, body, kind).json()["id"]
        asking = {"image": {"upload": upload}}
        for answer in (
            asked(client, **asking),
            asked(client, text="a pond", like=[{"upload": upload}]),
            client.post("/v1/searches", json={"index": "a", "name": "b", "asked": asking}),
        ):
            assert answer.status_code == 422
            assert why in answer.json()["detail"]
            assert "model reads B02, B03, B04, B08" in answer.json()["detail"]
            assert str(place.parent) not in answer.text


def test_an_index_goes_over_to_a_model_of_pictures(index, model, tmp_path):
    _, paths, _ = index
    Index.build(tmp_path / "index", paths, model[1], num_workers=0, whole=True)
    assert read_settings(tmp_path / "index").reading.values is None


def test_files_that_name_no_band_are_in_the_order_that_the_data_say(tiny_config, data, tmp_path):
    nameless = tmp_path / "data"
    shutil.copytree(data.parent, nameless)
    for path in (nameless / "images").iterdir():
        with rasterio.open(path, "r+") as dataset:
            dataset.descriptions = (None,) * 4
    told = values(tiny_config, nameless / "data.yaml", tmp_path / "run")
    told["backbone"]["preprocess_cfg"]["bands"] = {
        "names": ["blue", "green", "red", "nir"],
        "mean": [0.1] * 4,
        "std": [0.1] * 4,
    }
    told["train"]["report"] = False
    with pytest.raises(DataError, match=r"band 4 \(unnamed\).*lacking"):
        trained(told)
    shutil.rmtree(tmp_path / "run")
    with (nameless / "data.yaml").open("a") as file:
        file.write("bands: planetscope\n")
    run = trained(told)
    path = next((nameless / "images").iterdir())
    assert harma.load(run).embed_images([path]).shape == (1, 16)


def test_tiles_are_of_values(run, index, tmp_path):
    _, paths, _ = index
    Index.build(tmp_path / "index", paths, run, num_workers=0, whole=True, tiles=2)
    hit = Index.open(tmp_path / "index").search(image=paths[0], k=1)[0]
    assert hit.source == str(paths[0])
    assert hit.score > 0.9999


def test_bands_that_are_none_are_refused(tiny_config, data, tmp_path):
    told = values(tiny_config, data, tmp_path / "run")
    told["backbone"]["preprocess_cfg"] = {"bands": "sentinel-3"}
    with pytest.raises(ConfigError, match="bands is 'sentinel-3'; allowed are sentinel-2-4"):
        trained(told)
