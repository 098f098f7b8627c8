"""Embeddings brought in from GeoParquet: exports of an index, and files of other programs."""

import datetime

import duckdb
import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from PIL import Image
from tests.index.made import all_rows, forget_source

from harma.cli import main
from harma.errors import ConfigError, DataError, MissingFileError, ModelMismatchError
from harma.exchange import embedding_file
from harma.exchange.embedding_file import Columns
from harma.exchange.importing import import_geoparquet
from harma.index.ask import Chip
from harma.index.geoparquet import export_geoparquet
from harma.index.index import Index
from harma.index.settings import is_index, read_settings
from harma.index.store import Store
from harma.index.verify import verify
from harma.scenes.reading import Reading


@pytest.fixture
def store(write_scenes, build_index, tmp_path):
    """A small index with a picture that has no place."""
    write_scenes(tmp_path / "scenes", 3)
    Image.fromarray(np.full((40, 40, 3), 90, dtype=np.uint8)).save(
        tmp_path / "scenes" / "picture.png"
    )
    build_index(tmp_path / "scenes")
    return Store(tmp_path / "index")


@pytest.fixture
def exported(store, tmp_path):
    export_geoparquet(store, tmp_path / "a.parquet", thumbnails=True)
    return tmp_path / "a.parquet"


@pytest.fixture
def small_blocks(monkeypatch):
    """Several blocks of a small file."""
    monkeypatch.setattr(embedding_file, "ROWS_AT_ONCE", 7)


def foreign(path, *, count=20, crs="EPSG:4326", size=8, **columns):
    """A file as geopandas writes it, with whatever columns."""
    rng = np.random.default_rng(0)
    x = np.linspace(3, 4, count)
    values = {
        "vector": list(rng.normal(3, 5, size=(count, size)).astype(np.float32)),
        "geometry": shapely.box(x, 50, x + 0.01, 50.01),
        **columns,
    }
    data = {name: value for name, value in values.items() if value is not None}
    geopandas.GeoDataFrame(data, geometry="geometry", crs="EPSG:4326").to_crs(crs).to_parquet(path)
    return path


def rows_of(store):
    return sorted(all_rows(store), key=lambda row: row["id"])


def test_an_export_comes_back_with_nothing_lost(exported, store, tmp_path, small_blocks):
    told = []
    done = import_geoparquet(tmp_path / "other", exported, progress=lambda *what: told.append(what))
    other = Store(tmp_path / "other")
    assert rows_of(other) == rows_of(store), "embeddings to the last bit too"
    assert other.sources() == store.sources()
    assert read_settings(tmp_path / "other") == store.settings
    assert (done.num_added, done.num_there, done.num_sources) == (31, 0, 4)
    assert told[-1] == ("importing", 31, 31)
    assert verify(other) == []


def test_what_came_back_is_searched_and_built_upon(
    exported, build_index, write_scenes, model, tmp_path
):
    import_geoparquet(tmp_path / "other", exported)
    found = []
    for name in ("other", "index"):
        hits = Index.open(tmp_path / name).search("a river", k=31, overlap=None)
        # All and by id: chips that look alike have one score, and their rows say which comes first.
        found.append({hit.id: hit.score for hit in hits})
    assert found[0] == pytest.approx(found[1], abs=1e-6)
    assert len(found[0]) == 31
    write_scenes(tmp_path / "scenes", 1, first=3)
    outcome = build_index(tmp_path / "scenes", directory=tmp_path / "other")
    assert (outcome.num_kept, outcome.num_new, outcome.num_added) == (4, 1, 9)


def test_a_second_import_adds_nothing(exported, tmp_path, small_blocks):
    first = import_geoparquet(tmp_path / "other", exported)
    again = import_geoparquet(tmp_path / "other", exported)
    assert (again.num_added, again.num_there, again.num_sources) == (0, first.num_added, 0)
    into_its_own = import_geoparquet(tmp_path / "index", exported)
    assert (into_its_own.num_added, into_its_own.num_there) == (0, 31)


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("name", ["add_chips", "put_sources"])
def test_an_import_that_dies_is_completed_by_the_next(
    exported, store, tmp_path, monkeypatch, small_blocks, name
):
    original, calls = getattr(Store, name), []

    def dying(self, *args):
        calls.append(name)
        if len(calls) == (3 if name == "add_chips" else 1):
            raise Killed
        return original(self, *args)

    monkeypatch.setattr(Store, name, dying)
    with pytest.raises(Killed):
        import_geoparquet(tmp_path / "other", exported)
    monkeypatch.setattr(Store, name, original)
    other = Store(tmp_path / "other")
    assert any("not finished" in problem for problem in verify(other))
    there = other.count()
    assert 0 < there <= 31
    done = import_geoparquet(tmp_path / "other", exported)
    assert (done.num_there, done.num_added) == (there, 31 - there)
    assert rows_of(Store(tmp_path / "other")) == rows_of(store)
    assert verify(Store(tmp_path / "other")) == []


def test_a_part_of_an_export_leaves_its_sources_to_a_build(exported, build_index, tmp_path):
    table = pq.read_table(exported)
    pq.write_table(table.slice(0, 20), tmp_path / "part.parquet")
    import_geoparquet(tmp_path / "other", tmp_path / "part.parquet")
    assert any("not finished" in problem for problem in verify(Store(tmp_path / "other")))
    outcome = build_index(tmp_path / "scenes", directory=tmp_path / "other")
    assert outcome.num_added == 11
    assert rows_of(Store(tmp_path / "other")) == rows_of(Store(tmp_path / "index"))


def test_what_an_index_had_not_finished_is_not_finished_after_an_import(
    store, build_index, tmp_path
):
    name = next(source for source in store.sources() if "scene1" in source)
    forget_source(store, name)
    export_geoparquet(store, tmp_path / "a.parquet")
    import_geoparquet(tmp_path / "other", tmp_path / "a.parquet")
    assert verify(Store(tmp_path / "other")) == [
        f"1 sources are not finished, such as {name}; build them again"
    ]
    assert build_index(tmp_path / "scenes", directory=tmp_path / "other").num_added == 0
    assert verify(Store(tmp_path / "other")) == []


def test_an_export_rewritten_by_another_program_keeps_ids_and_windows(exported, store, tmp_path):
    with duckdb.connect() as connection:
        chosen = f"SELECT * FROM '{exported}' WHERE \"row\" = 0 AND geometry IS NOT NULL"
        connection.sql(f"COPY ({chosen}) TO '{tmp_path / 'b.parquet'}'")
    with pytest.raises(ConfigError, match="does not say which model .*--model.*--label"):
        import_geoparquet(tmp_path / "other", tmp_path / "b.parquet")
    import_geoparquet(tmp_path / "other", tmp_path / "b.parquet", model=store.settings.model)
    wanted = [row for row in rows_of(store) if row["row"] == 0 and row["geometry"]]
    assert rows_of(Store(tmp_path / "other")) == wanted


def test_an_index_whose_nodata_is_no_number_takes_its_own_export(
    write_scenes, build_index, tmp_path
):
    write_scenes(tmp_path / "scenes", 1)
    build_index(tmp_path / "scenes", reading=Reading(nodata=float("nan")))
    export_geoparquet(Store(tmp_path / "index"), tmp_path / "a.parquet")
    done = import_geoparquet(tmp_path / "index", tmp_path / "a.parquet")
    assert (done.num_added, done.num_there) == (0, 9)


def test_a_file_of_another_program(tmp_path):
    path = foreign(tmp_path / "f.parquet", year=np.arange(20))
    done = import_geoparquet(tmp_path / "index", path, label="clay-1.5")
    store = Store(tmp_path / "index")
    rows = rows_of(store)
    assert (done.num_added, done.num_sources) == (20, 1)
    assert len({row["id"] for row in rows}) == 20
    assert np.linalg.norm(rows[0]["embedding"]) == pytest.approx(1, abs=1e-3)
    assert (rows[0]["source"], rows[0]["datetime"], rows[0]["width"]) == ("f.parquet", None, 0)
    assert store.settings.model == "clay-1.5"
    assert store.settings.model_id.startswith("foreign-")
    chip = next(row for row in rows if row["xmin"] == pytest.approx(3))
    assert (chip["xmin"], chip["ymax"]) == pytest.approx((3, 50.01))
    hits = Index(store).search(like=[Chip(chip["id"])], bbox=(2.9, 49, 3.2, 51))
    assert hits[0].id == chip["id"]
    assert verify(store) == []
    # Nothing can embed texts for it, so its recall is measured on chips alone.
    assert Index.optimize(tmp_path / "index") == "exact: every chip is compared"


def test_made_ids_are_of_what_a_row_holds(tmp_path):
    foreign(tmp_path / "f.parquet")
    import_geoparquet(tmp_path / "index", tmp_path / "f.parquet", label="m")
    more = geopandas.read_parquet(tmp_path / "f.parquet").iloc[::-1]
    more = pd.concat([more, more.iloc[:2]])
    more["vector"] = [*more["vector"][:-1], np.ones(8, dtype=np.float32)]
    (tmp_path / "new").mkdir()
    more.to_parquet(tmp_path / "new" / "f.parquet")
    done = import_geoparquet(tmp_path / "index", tmp_path / "new" / "f.parquet", label="m")
    assert (done.num_added, done.num_there) == (1, 21)
    fresh = import_geoparquet(tmp_path / "other", tmp_path / "new" / "f.parquet", label="m")
    assert (fresh.num_added, fresh.num_repeated) == (21, 1)


def test_columns_with_other_names(tmp_path):
    when = pd.date_range("2015-01-01", periods=20).to_numpy()
    path = foreign(
        tmp_path / "f.parquet",
        tile=np.arange(20),
        taken=when,
        scene=["a"] * 10 + ["b"] * 10,
        other=[np.ones(3, dtype=np.float32)] * 20,
    )
    with pytest.raises(
        ConfigError, match=r"has 2 columns that may be embeddings \(vector, other\)"
    ):
        import_geoparquet(tmp_path / "index", path, label="m")
    columns = Columns("vector", "tile", "taken", "scene")
    assert import_geoparquet(tmp_path / "index", path, columns=columns, label="m").num_sources == 2
    row = next(row for row in rows_of(Store(tmp_path / "index")) if row["id"] == "12")
    assert (row["source"], row["datetime"]) == (
        "b",
        datetime.datetime(2015, 1, 13, tzinfo=datetime.UTC),
    )


@pytest.mark.parametrize(
    "dates",
    [
        ["2015-09-26", "2015-09-27"],
        ["2015-09-26T00:00:00Z", "2015-09-27T02:00:00+02:00"],
        [datetime.date(2015, 9, 26), datetime.date(2015, 9, 27)],
        [datetime.datetime(2015, 9, 26), datetime.datetime(2015, 9, 27)],
    ],
)
def test_dates_of_every_form(tmp_path, dates):
    import_geoparquet(
        tmp_path / "index", foreign(tmp_path / "f.parquet", count=2, datetime=dates), label="m"
    )
    found = sorted(row["datetime"] for row in rows_of(Store(tmp_path / "index")))
    assert found == [datetime.datetime(2015, 9, day, tzinfo=datetime.UTC) for day in (26, 27)]


@pytest.mark.parametrize("crs", ["EPSG:32631", "EPSG:3857", "EPSG:4326", "OGC:CRS84", "EPSG:4258"])
def test_other_coordinate_reference_systems(tmp_path, crs):
    import_geoparquet(tmp_path / "index", foreign(tmp_path / "f.parquet", crs=crs), label="m")
    found = sorted((row["xmin"], row["ymin"]) for row in rows_of(Store(tmp_path / "index")))
    np.testing.assert_allclose(found, [(x, 50) for x in np.linspace(3, 4, 20)], atol=2e-4)


def test_a_projection_that_crosses_the_180th_meridian(tmp_path):
    frame = geopandas.GeoDataFrame(
        {"embedding": [np.ones(4, dtype=np.float32)]},
        crs="EPSG:3832",
        geometry=[shapely.box(3_330_000, -1_910_000, 3_350_000, -1_900_000)],
    )
    frame.to_parquet(tmp_path / "f.parquet")
    import_geoparquet(tmp_path / "index", tmp_path / "f.parquet", label="m")
    footprint = shapely.from_wkb(rows_of(Store(tmp_path / "index"))[0]["geometry"])
    assert footprint.geom_type == "MultiPolygon"
    assert footprint.area < 1


VECTORS = np.random.default_rng(0).normal(size=(20, 8)).astype(np.float32)


def with_row(number, value):
    vectors = VECTORS.copy()
    vectors[number] = value
    return list(vectors)


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({"vector": with_row(13, np.nan)}, {}, "row 13: the embedding .* not finite"),
        ({"vector": with_row(4, 0)}, {}, "row 4: the embedding .* is zero"),
        (
            {"vector": [*VECTORS[:9], VECTORS[9][:5], *VECTORS[10:]]},
            {},
            "row 9: .* not 8 numbers long",
        ),
        ({"vector": [*VECTORS[:9], None, *VECTORS[10:]]}, {}, "row 9: .* is not there"),
        ({"vector": list(range(20))}, {}, "has 0 columns that may be embeddings"),
        ({}, {"embedding": "year"}, "has no column year .*vector"),
        (
            {"year": list(range(20))},
            {"embedding": "year"},
            "year is int64; an embedding is a list of floats",
        ),
        ({"id": ["a"] * 20}, {}, "row 1: the id a is there a second time"),
        ({"id": [None, *"abcdefghijklmnopqrs"]}, {}, "row 0: there is no id"),
        ({"datetime": ["soon"] * 20}, {}, "dates .* cannot be read"),
        ({"datetime": list(range(20))}, {}, "datetime is int64; dates are"),
        (
            {"geometry": [shapely.box(0, 0, 200, 1)] * 20},
            {},
            "row 0: the geometry reaches from .* longitudes",
        ),
        (
            {"geometry": [shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])] * 20},
            {},
            r"row 0: the geometry is not valid \(Self",
        ),
    ],
)
def test_rows_that_cannot_be_used(tmp_path, columns, options, message, small_blocks):
    path = foreign(tmp_path / "f.parquet", **columns)
    with pytest.raises((DataError, ConfigError), match=message):
        import_geoparquet(tmp_path / "index", path, columns=Columns(**options), label="m")
    assert not (tmp_path / "index" / "index.json").exists(), "nothing was written"


def test_files_that_cannot_be_used(exported, tmp_path):
    def refused(path, message, kind=DataError, label="m"):
        with pytest.raises(kind, match=message):
            import_geoparquet(tmp_path / "new", path, label=label)

    refused(tmp_path / "none.parquet", "is not there", MissingFileError)
    refused(tmp_path, "is a directory", ConfigError)
    for content in (b"", b"text", exported.read_bytes()[:-500]):
        (tmp_path / "b.parquet").write_bytes(content)
        refused(tmp_path / "b.parquet", "is not a Parquet file, or is cut off")
    damaged = bytearray(exported.read_bytes())
    start = pq.read_metadata(exported).row_group(0).column(0).data_page_offset
    damaged[start : start + 500] = bytes(500)
    (tmp_path / "b.parquet").write_bytes(damaged)
    refused(tmp_path / "b.parquet", "b.parquet is damaged .*get it again", label=None)
    assert not (tmp_path / "new" / "index.json").exists()
    pq.write_table(pa.table({"embedding": [[1.0]]}), tmp_path / "b.parquet")
    refused(tmp_path / "b.parquet", "is Parquet, but not GeoParquet")
    frame = geopandas.GeoDataFrame({"embedding": [[1.0]]}, geometry=[shapely.Point(0, 0)])
    frame.to_parquet(tmp_path / "b.parquet")
    refused(tmp_path / "b.parquet", "crs is null")
    frame.set_crs(4326).to_parquet(tmp_path / "b.parquet", geometry_encoding="geoarrow")
    refused(tmp_path / "b.parquet", "encoded as point; only WKB")


def test_embeddings_that_do_not_belong_into_an_index(
    exported, build_index, write_scenes, store, tmp_path
):
    path = foreign(tmp_path / "f.parquet")
    with pytest.raises(ModelMismatchError, match="the index is of the model .* do not compare"):
        import_geoparquet(tmp_path / "index", path, label="m")
    with pytest.raises(ModelMismatchError, match="have 8 numbers, those of .* 16"):
        import_geoparquet(tmp_path / "new", path, model=store.settings.model)
    with pytest.raises(
        ModelMismatchError, match=r"was exported with embeddings of .*; m is foreign-"
    ):
        import_geoparquet(tmp_path / "new", exported, label="m")
    with pytest.raises(ConfigError, match="a label is for models HarMA cannot load"):
        import_geoparquet(tmp_path / "new", exported, label="m", model="openai")
    from harma.scenes.windows import Tiling

    build_index(tmp_path / "scenes", directory=tmp_path / "coarse", tiling=Tiling(size=48))
    with pytest.raises(ConfigError, match="the index was made with tiling"):
        import_geoparquet(tmp_path / "coarse", exported)
    write_scenes(tmp_path / "more", 1, first=8)[0].replace(
        next((tmp_path / "scenes").glob("scene0*"))
    )
    build_index(tmp_path / "scenes")
    with pytest.raises(DataError, match="1 sources of .* with other content, such as .*scene0"):
        import_geoparquet(tmp_path / "index", exported)


def test_ids_that_count_from_0_in_every_file(tmp_path):
    import_geoparquet(
        tmp_path / "index", foreign(tmp_path / "f.parquet", id=np.arange(20)), label="m"
    )
    other = foreign(tmp_path / "g.parquet", id=np.arange(20), vector=list(VECTORS))
    with pytest.raises(DataError, match="the id .* is in the index with another embedding"):
        import_geoparquet(tmp_path / "index", other, label="m")
    assert (
        import_geoparquet(tmp_path / "index", other, columns=Columns(id=""), label="m").num_added
        == 20
    )


def test_export_and_import_on_the_command_line(store, tmp_path, capsys):
    assert main(["index", "export", str(tmp_path / "index"), str(tmp_path / "b.parquet")]) == 0
    assert "b.parquet: 31 chips, 0.0 MB" in capsys.readouterr().out
    assert main(["index", "import", str(tmp_path / "other"), str(tmp_path / "b.parquet")]) == 0
    assert "31 chips of 4 sources added" in capsys.readouterr().out
    assert main(["index", "import", str(tmp_path / "other"), str(tmp_path / "b.parquet")]) == 0
    assert "31 were there already" in capsys.readouterr().out
    path = str(foreign(tmp_path / "f.parquet", name=list("abcdefghijklmnopqrst")))
    assert main(["index", "import", str(tmp_path / "third"), path]) == 2
    assert "does not say which model made its embeddings" in capsys.readouterr().err
    options = ["--label", "clay", "--embedding-column", "vector", "--id-column", "name"]
    assert main(["index", "import", str(tmp_path / "third"), path, *options]) == 0
    assert rows_of(Store(tmp_path / "third"))[0]["id"] == "a"


def changed(path, change):
    """The file with another table."""
    table = pq.read_table(path)
    pq.write_table(change(table).replace_schema_metadata(table.schema.metadata), path)
    return path


def with_column(name, values_of):
    """Changes the values of a column."""

    def change(table):
        values = values_of(table[name].to_pylist())
        place = table.column_names.index(name)
        return table.set_column(place, name, pa.array(values, table.schema.field(name).type))

    return change


@pytest.mark.parametrize("content", ["other", ""])
@pytest.mark.parametrize("place", [0, 4, 8])
def test_a_source_with_two_contents_is_refused(exported, tmp_path, small_blocks, place, content):
    sources = pq.read_table(exported)["source"].to_pylist()
    rows = [row for row, source in enumerate(sources) if source == sources[0]]
    assert len(rows) == 9

    def other(values):
        values[rows[place]] = content
        return values

    changed(exported, with_column("content", other))
    with pytest.raises(DataError, match=r"row \d+: the source .* has another content here"):
        import_geoparquet(tmp_path / "other", exported)
    assert not is_index(tmp_path / "other")


@pytest.mark.parametrize("name", ["content", "row", "gsd", "crs"])
def test_without_a_column_of_ours_it_is_a_file_of_another_program(exported, tmp_path, name):
    changed(exported, lambda table: table.drop_columns([name]))
    assert import_geoparquet(tmp_path / "other", exported).num_added == 31
    # Under another name it is no property.
    again = tmp_path / "again.parquet"
    pq.write_table(pq.read_table(exported).append_column("x", pa.array([1.5] * 31)), again)
    assert import_geoparquet(tmp_path / "third", again).num_added == 31


@pytest.mark.parametrize("name", ["", " ", "a.b"])
def test_a_property_that_no_column_can_be_called(exported, tmp_path, name):
    changed(exported, lambda table: table.append_column(name, pa.array([1.5] * len(table))))
    with pytest.raises(DataError, match="no column of an index can be; rename it"):
        import_geoparquet(tmp_path / "other", exported)
    assert not is_index(tmp_path / "other")


def test_damage_to_what_it_says_of_sources_is_found_before_anything_is_written(exported, tmp_path):
    about = pq.ParquetFile(exported).metadata.row_group(0)
    columns = [about.column(number) for number in range(about.num_columns)]
    scene = next(column for column in columns if column.path_in_schema == "scene.bands")
    content = bytearray(exported.read_bytes())
    start = scene.dictionary_page_offset or scene.data_page_offset
    content[start : start + scene.total_compressed_size] = b"\xff" * scene.total_compressed_size
    exported.write_bytes(content)
    with pytest.raises(DataError, match="is damaged"):
        import_geoparquet(tmp_path / "other", exported)
    assert not is_index(tmp_path / "other")


@pytest.mark.parametrize("name", ["id", "source", "crs", "content", "scene"])
def test_texts_that_are_no_utf8(exported, tmp_path, name):
    table = pq.read_table(exported)

    def spoilt(kind):
        return pa.Array.from_buffers(
            kind, len(table), pa.array([b"\xff\x85"] * len(table)).buffers()
        )

    if name == "scene":
        scene = table["scene"].combine_chunks()
        fields = {field.name: scene.field(field.name) for field in scene.type}
        fields["bands"] = spoilt(pa.string())
        column = pa.StructArray.from_arrays(list(fields.values()), names=list(fields))
    else:
        column = spoilt(pa.string())
    place = table.column_names.index(name)
    pq.write_table(table.set_column(place, name, column), exported)
    with pytest.raises(DataError, match="is damaged"):
        import_geoparquet(tmp_path / "other", exported)
    assert not is_index(tmp_path / "other")
