"""What people and programs type where a number, date, file, text or condition belongs."""

import random
from collections.abc import Callable

NUMBERS = (
    "²", "１", "٣", "½", "Ⅷ", "1e999", "-1e999", "-0", "0", "-1", "nan", "inf", "-inf", "1e-320",
    "1e308", "1.5", "1_000", "0x10", "+1", "1e3", "", " ", " 1", "1 ", "1,2", "1;2", "True",
    "null", "--", "-", ".", "1e", "1" + "0" * 18, "9" * 400, "9" * 5000, "1" + "0" * 30,
    "2147483648", "9223372036854775808", "-9223372036854775809", "\0", "1\0", "1\n", "\ud800",
    "one", "1/2", "10%",
)  # fmt: skip
DATES = (
    "0000", "0001", "0001-01-01", "9999", "9999-12-31", "10000", "-1", "-2015", "2015-13",
    "2015-00", "2015-02-30", "2015-02-29", "2016-02-29", "2015-09-26T25:00",
    "2015-09-26T23:59:60Z", "2015-09-26T10:00:00+99:00", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59.999999999Z", "2015-W39", "2015-269",
    "20150926", "26.09.2015", "yesterday", "²", "٢٠١٥", "2015/2016", "2015-09-26/2015-09-27",
    "../2020", "P1Y", "..", "", " ", "\0", "x" * 100_000, "1e999", "NaN", "2015-9-6", " 2015",
    "2015\n", "2015-09-26 10:00 Europe/Berlin", "2020-01-01T00:00:00Z", "1970", "2262-04-12",
    "1677-09-20", "now", "0", "-0001", "+2015", "２０２０",
)  # fmt: skip
# Not a folder of the system, which would be walked through, and nothing that would be written to.
FILES = (
    "", " ", "\0", "a\0b", "a.tif\0.png", "\udcff\udcfe.tif", "\udcff", "é" * 120, "x" * 300,
    "x" * 5000, "../" * 60 + "etc/passwd", "/etc/passwd", "/dev/null", "/dev/zero",
    "/proc/self/mem", "/nonexistent/x.tif", ".", "..", "~nobody/x", "file:///etc/passwd",
    "http://127.0.0.1:9/x", "http://", "https://[", "s3://", "s3:///x", "gs://[", "az:",
    "NETCDF:x:y", "/vsizip/x", "*", "[", "[]", "{a,b}", "-", "--", "-x", "--help", "\u202eabc",
    "a\nb", "\x1b[2J", "a b", "'", '"', "%s%n", "$HOME", "${HOME}", "`id`", ";id", "|id", "C:\\x",
    "\\\\x\\y", "chip:", "chip:x", "a@", "@1", "a@1e9", "x.tif@0", "null", "hf-hub:", "local-dir:",
    "local-dir:/nonexistent", "ſ.png", "a.json", "a.csv", "a.txt", "a.yaml", "a.parquet", "a.npy",
    "a.zip", "a.tar", "a.pth", "con", "\u2028",
)  # fmt: skip
# What is written lies in the folder that the command is given in, or cannot be.
OUTPUTS = (
    "", " ", "\0", "a\0b.json", "\udcff.json", "\udcff", "é" * 120, "x" * 300, "x/" * 3000, ".",
    "/dev/null/x", "/proc/x.json", "/proc/x", "/dev/full", "a.xyz", "a", "a.json/b.json",
    "http://x/y", "s3://", "file:///x", "-", "a\nb.json", "\u202e.json", "scenes", "captions.txt",
    "captions.txt/x", "a.GeoJSON", "a.csv", "a.parquet", "a.html", "a.png", "a.npy",
    "index/x.json", "%s.json", "index", "\x1b[2J.json", "con.json", "a b/c d.json", "..json",
)  # fmt: skip
TEXTS = (
    "", " ", "\0", "\n", "\t", "\u200b", "\u202e", "\ud800", "\udcff", "a", "é" * 5000,
    "x" * 100_000, "a " * 30_000, "\x1b[2J", "a\0b", "%s%n", "<script>alert(1)</script>",
    "'; DROP TABLE chips; --", "[red]x[/red]", "[/]", "{}", "{x}", "=cmd()", "🛰️" * 50, "\ufeffa",
    "日本語", "a@1", "@", "a@0", "chip:", "chip:x", "--", "-x", "null", "²", "\\", '"', "a\r\nb",
    "∀" * 77, "\x7f\x80",
)  # fmt: skip
WORDS = (
    "",
    "x",
    "AUTO",
    "Table",
    "json ",
    "²",
    "\0",
    "\udcff",
    "x" * 5000,
    "--",
    "null",
    "table,json",
)
COLUMNS = (
    "gsd", "nodata", "datetime", "datetime_end", "source", "id", "geometry", "embedding",
    "thumbnail", '"column"', '"row"', "row", "width", "xmin", "crs", "model", "content", "nothing",
    "GSD", '"GSD"', "_rowid", "_distance", "1", "chips.gsd", "x.y.z", "`gsd`", "[gsd]",
)  # fmt: skip
SIGNS = (
    "=", "!=", "<>", "<", ">", "<=", ">=", "==", "LIKE", "NOT LIKE", "ILIKE", "~", "!~", "IN",
    "IS", "IS NOT", "BETWEEN", "||", "+", "/", "%", "&", "->", "::", "SIMILAR TO",
    "IS DISTINCT FROM", "@>",
)  # fmt: skip
VALUES = (
    "1", "0", "-1", "1e308", "1e999", "-1e999", "9" * 400, "10000000000000000000000", "0.1", "'x'",
    "''", "'%'", "'2016-01-01'", "'2016-13-01'", "'0000-01-01'", "'99999-01-01'", "NULL", "true",
    "timestamp '2016-01-01'", "timestamp 'x'", "date '9999-12-31'", "date '10000-01-01'", "x'ff'",
    "interval '1' year", "interval '1e999' day", "(1, 2)", "('a')", "()", "(SELECT 1)", "[1, 2]",
    "'\u202e'", "'a''b'", "'2016-01-01' AND '2017'", "1 AND 2", "cast('x' as int)", "nan",
    "'nan'::float", "cast(1e308 as smallint)", "-9223372036854775808", "9223372036854775808",
    "arrow_cast(1, 'Int8')", "arrow_cast('x', 'Nothing')", "current_date", "now()",
    "now() - interval '1' day", "²",
)  # fmt: skip
CONDITIONS = (
    "", " ", "\0", ";", "1=1; DROP TABLE chips", "1=1 -- x", "1=1 /* x */", "'", '"', "`", "(",
    ")", "()", "true", "false", "NULL", "1", "'x'", "gsd", "source", "gsd / 0 > 1", "1 / 0 = 1",
    "gsd % 0 = 1", "power(10, 1e308) > 1", "sqrt(-1) > 0", "ln(0) = 1", "embedding[0] > 0",
    "embedding[999999] > 0", "array_length(embedding) > 0", "length(geometry) > 0",
    "substr(source, -9223372036854775807) = ''", "regexp_match(source, '(') IS NOT NULL",
    "regexp_like(source, '(a+)+$')", "source ~ '('", "source LIKE '%' ESCAPE 'ab'",
    "source LIKE '\\'", "NOT NOT NOT gsd", "gsd IN ()", "gsd BETWEEN 1", "EXISTS (SELECT 1)",
    "gsd = (SELECT max(gsd) FROM chips)", "gsd IN (SELECT 1)", "max(gsd) > 1",
    "row_number() over () > 1", "read_parquet('/etc/passwd')", "* = 1", "$1 = 1", "? = 1",
    ":x = 1", "@x = 1", "gsd == 1", "a.b.c.d.e > 1", "CASE WHEN gsd > 1 THEN true ELSE 'x' END",
    "CASE END", "random() > 2", "uuid() = 'x'", "to_timestamp('x') > datetime",
    "to_timestamp(1e18) > datetime", "datetime > 2016", "datetime > '2016'", "datetime > now()",
    "datetime + interval '9999' year > '2016'", "date_trunc('x', datetime) = '2016'",
    "extract(year from datetime) = 2020", "datetime = datetime_end",
    "date_part('century', datetime) > 1", "datetime - datetime > 1", "source = id", "gsd = 'x'",
    "nodata", "source", "id IS NULL", "gsd IS NULL", "isnan(gsd)", "coalesce(gsd, 'x') = 1",
    "nullif(gsd, gsd) = 1", "\u202egsd > 1", "gsd\u00a0> 1", "gsd > ²", "gsd ＞ 1", "\ud800",
    "struct(gsd) = 1", "gsd[0] = 1", "chr(-1) = 'x'", "chr(1114112) = 'x'",
    "split_part(source, '', 0) = ''", "left(source, -99) = ''",
    "lpad(source, 2147483647, 'x') = 'x'", "repeat(source, 2147483647) = 'x'",
    "repeat('x', 99999999) = 'x'", "overlay(source placing 'x' from 0) = 'x'",
    "translate(source, 'a', '') = 'x'", "initcap(id) = 'X'", "encode(thumbnail, 'base64') = 'x'",
    "decode('x', 'hex') = 'x'", "digest(id, 'x') = 'x'", "md5(gsd) = 1", "arrow_typeof(gsd) = 'x'",
    "version() = 'x'", "pi() > gsd", "factorial(9999) > 1", "gcd(0, 0) = 0",
    "make_date(10000, 1, 1) > date '2016-01-01'", "array_repeat(1, 99999999) IS NULL",
    "range(99999999) IS NULL", "generate_series(1, 99999999) IS NULL", "unnest(embedding) > 1",
    "named_struct('a', 1) = 1", "map([1],[2])",
)  # fmt: skip


def odd_condition(chance: random.Random) -> str:
    """An SQL condition: of a list, nested, or of columns, signs and values at random."""
    kind = chance.choice(("listed", "listed", "made", "made", "made", "nested"))
    if kind == "listed":
        return chance.choice(CONDITIONS)
    if kind == "made":
        parts = [_comparison(chance) for _ in range(chance.choice((1, 1, 1, 2, 3)))]
        return chance.choice((" AND ", " OR ", " and not ")).join(parts)
    count = chance.choice((10, 100, 1000, 10_000))
    made = (
        "(" * count + "gsd > 1" + ")" * count,
        "NOT " * count + "gsd > 1",
        " OR ".join(f"gsd = {number}" for number in range(count)),
        "gsd > " + "-" * count + "1",
        "gsd > " + "1+" * count + "1",
        "gsd IN (" + "1," * count + "1)",
        "source = '" + "x" * count * 100 + "'",
        "abs(" * count + "gsd" + ")" * count + " > 1",
    )
    return chance.choice(made)


def _comparison(chance: random.Random) -> str:
    return f"{chance.choice(COLUMNS)} {chance.choice(SIGNS)} {chance.choice(VALUES)}"


def odd_numbers(chance: random.Random) -> str:
    """Numbers with commas between, more or fewer than belong there."""
    count = chance.choice((0, 1, 2, 2, 3, 4, 4, 4, 5, 100))
    plain = ("0", "9", "45", "-180", "180", "90", "-90", "181", "91", "9.1", "45.1", "1e-9", "360")
    return ",".join(
        chance.choice(plain if chance.random() < 0.7 else NUMBERS) for _ in range(count)
    )


def odd_polygon(chance: random.Random) -> str:
    """WKT, GeoJSON or nothing of both, nested, open, without end."""
    kind = chance.choice(("wkt", "wkt", "json", "json", "listed", "deep", "file"))
    ring = [_point(chance) for _ in range(chance.choice((0, 1, 2, 3, 4, 5, 300)))]
    if chance.random() < 0.6 and ring:
        ring.append(ring[0])
    if kind == "wkt":
        name = chance.choice(WKT_NAMES)
        points = ", ".join(f"{x} {y}" for x, y in ring)
        return f"{name} {chance.choice(('(({}))', '({})', '((({})))', '(({})', '{}'))}".format(
            points
        )
    if kind == "json":
        points = ", ".join(f"[{x}, {y}]" for x, y in ring)
        name = chance.choice(JSON_NAMES)
        around = chance.choice(("[[{}]]", "[{}]", "[[[{}]]]", "[[{}]", "{}", "[[[[[{}]]]]]"))
        geometry = f'{{"type": "{name}", "coordinates": {around.format(points)}}}'
        feature = f'{{"type": "Feature", "geometry": {geometry}}}'
        return chance.choice((
            geometry, geometry, feature,
            f'{{"type": "FeatureCollection", "features": [{feature}]}}',
            f'{{"type": "GeometryCollection", "geometries": [{geometry}, {geometry}]}}',
        ))  # fmt: skip
    if kind == "deep":
        return _deep(chance)
    return chance.choice(POLYGONS if kind == "listed" else FILES)


def _point(chance: random.Random) -> tuple[str, str]:
    def number(most: int) -> str:
        if chance.random() < 0.08:
            return chance.choice(("nan", "inf", "1e999", "-1e308", "x", "null", "9" * 400, "", "²"))
        return repr(round(chance.uniform(-most, most) * chance.choice((1, 1, 1, 2)), 3))

    return number(180), number(90)


def _deep(chance: random.Random) -> str:
    count = chance.choice((50, 150, 1000, 100_000))
    opened = '{"type": "GeometryCollection", "geometries": ['
    return chance.choice(
        (
            "GEOMETRYCOLLECTION(" * count + "POINT(1 1)" + ")" * count,
            opened * count + "]}" * count,
            '{"type": "Polygon", "coordinates": ' + "[" * count + "]" * count + "}",
            "POLYGON" + "(" * count + "0 0" + ")" * count,
        )
    )


WKT_NAMES = (
    "POLYGON", "POLYGON", "MULTIPOLYGON", "POINT", "LINESTRING", "MULTIPOINT",
    "GEOMETRYCOLLECTION", "POLYGON Z", "POLYGON M", "CURVEPOLYGON", "SRID=4326;POLYGON",
    "SRID=99;POLYGON", "polygon", "POLY",
)  # fmt: skip
JSON_NAMES = (
    "Polygon",
    "Polygon",
    "MultiPolygon",
    "Point",
    "LineString",
    "polygon",
    "Circle",
    "",
    "Topology",
)
POLYGONS = (
    "", "{}", "[]", "null", "1", "POLYGON EMPTY", "POINT EMPTY", "GEOMETRYCOLLECTION EMPTY",
    "POLYGON", "POLYGON((0 0, 1 1, 0 1, 1 0, 0 0))", "POLYGON((0 0, 0 0, 0 0, 0 0))",
    "POLYGON((0 0 1, 1 0 1, 1 1 1, 0 0 1))", "POLYGON((170 0, -170 0, -170 10, 170 10, 170 0))",
    "POLYGON((-180 -90, 180 -90, 180 90, -180 90, -180 -90))",
    "POLYGON((0 0, 400 0, 400 400, 0 0))", '{"type": "Polygon"}',
    '{"type": "Polygon", "coordinates": null}', '{"type": "Feature", "geometry": null}',
    '{"type": "FeatureCollection", "features": []}', '{"type": ["Polygon"]}',
    '{"type": "Polygon", "type": "Point", "coordinates": []}', "0103000000", "\x00\x01",
    '{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]], "crs": {"a": 1}}',
)  # fmt: skip


def listed(values: tuple[str, ...]) -> Callable[[random.Random], str]:
    """A value of a list."""
    return lambda chance: chance.choice(values)
