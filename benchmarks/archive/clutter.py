"""What lies on disks beside scenes: hidden, trash and thumbnail folders, links, other files."""

import os
import zipfile

from benchmarks.archive.rasters import copied, write_picture, write_text, write_tiff
from benchmarks.archive.site import site_of
from benchmarks.archive.truth import FileTruth


def write_clutter(disk, linked, number, seed):
    """Write it and say what is to become of it.

    Args:
        disk: the folder.
        linked: a scene's folder, to be named by a link too.
        number: of the drawn pictures.
        seed: of the archive.
    """
    site = site_of(number, seed, pixel=10, fill_columns=0)
    picture = site.pattern.picture()
    files = []

    def keep(path, rule, what):
        path.parent.mkdir(parents=True, exist_ok=True)
        files.append(FileTruth(path.relative_to(disk.parent).as_posix(), rule, what))
        return path

    def scenery(path, rule, what):
        write_tiff(keep(path, rule, what), picture, site)

    scenery(disk / ".Trashes" / "old.tif", "alone", "trash")
    scenery(disk / "naip" / ".hidden" / "a.tif", "alone", "a hidden folder")
    scenery(disk / "$RECYCLE.BIN" / "deleted.tif", "alone", "trash of Windows")
    thumbnail = keep(disk / "naip" / "@eaDir" / "m.tif" / "SYNOFILE_THUMB_M.jpg", "alone", "")
    write_picture(thumbnail, picture)
    for name in ("._m_0000001_se_10_1_20150926.tif", ".DS_Store", "Thumbs.db"):
        keep(disk / "naip" / name, "alone", "a system's file").write_bytes(
            b"\0\5\x16\7" + bytes(99)
        )
    write_text(keep(disk / "notes.txt", "alone", "a text"), "flights of June\n")
    write_text(keep(disk / "orders.csv", "alone", "a table"), "order,price\n1,2\n")
    write_text(keep(disk / "areas.geojson", "alone", "areas"), '{"type": "FeatureCollection"}\n')
    keep(disk / "report.docx", "alone", "a document").write_bytes(b"PK\3\4")

    broken = keep(disk / "scans" / "broken.tif", "named", "a damaged file")
    broken.parent.mkdir(parents=True, exist_ok=True)
    broken.write_bytes(b"II*\0\x08\0\0\0garbage")
    (disk / "links").mkdir()
    keep(disk / "links" / "gone.tif", "named", "a dangling link").symlink_to("nowhere.tif")
    keep(disk / "links" / "loop", "alone", "a loop of links").symlink_to("..")
    # A second name of a scene: it is found once.
    (disk / "links" / linked.name).symlink_to(linked)

    copied(keep(disk / "other" / "n.ntf", "either", "NITF"), picture, site, "NITF")
    copied(keep(disk / "other" / "g.gpkg", "either", "GeoPackage"), picture, site, "GPKG")
    copied(keep(disk / "other" / "m.mbtiles", "either", "MBTiles"), picture, site, "MBTiles")
    packed = keep(disk / "other" / "delivery.zip", "either", "an archive")
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(disk / ".Trashes" / "old.tif", "scene.tif")
    # Latin-1: no UTF-8. Some file systems refuse it.
    odd = os.fsencode(disk / "other") + b"/Z\xfcrich.tif"
    os.link(disk / ".Trashes" / "old.tif", odd)
    files.append(FileTruth("disk/other/" + os.fsdecode(b"Z\xfcrich.tif"), "either", "Latin-1"))
    return files
