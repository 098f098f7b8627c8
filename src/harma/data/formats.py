"""Formats of annotation files by name, each with its reader.

A reader takes (root, file names relative to it, split) and yields an `Annotation` for each row and
a `Problem` for everything that cannot be used. It never raises on what a file holds: `load_split`
raises the first problem, `harma data check` shows them all.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from harma.data.coco_format import read_coco
from harma.data.csv_format import read_csv
from harma.data.json_formats import read_harma, read_karpathy
from harma.data.nwpu_format import read_nwpu
from harma.data.rows import Annotation, Problem
from harma.data.text_formats import read_caps
from harma.data.webdataset_format import read_webdataset

AnnotationReader = Callable[[Path, Sequence[str], str], Iterator[Annotation | Problem]]

ANNOTATION_READERS: dict[str, AnnotationReader] = {
    "harma": read_harma,
    "karpathy": read_karpathy,
    "caps": read_caps,
    "csv": read_csv,
    "coco": read_coco,
    "nwpu": read_nwpu,
    "webdataset": read_webdataset,
}
# Of these one file holds all splits; the reader gives the images of one.
FORMATS_OF_ALL_SPLITS = ("karpathy", "nwpu")
