"""Grouping: files to scenes: products, VRTs with their parts, containers, and what is left out."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from types import MappingProxyType

from harma.errors import HarmaError
from harma.ground.storage.addresses import in_bucket
from harma.scenes.addresses import address_opened, opened_by_gdal
from harma.scenes.catalogues.items import NOT_YET
from harma.scenes.containers import look_into
from harma.scenes.edge import gdal_settings, open_dataset
from harma.scenes.formats import LEFT_OUT, MAYBE, SCENE_SUFFIXES, WITH_HEADER, suffix_of
from harma.scenes.masks import is_prefix_of_another, mask_of
from harma.scenes.period import Period
from harma.scenes.products.product import BandPart, Product
from harma.scenes.products.table import find_products
from harma.scenes.side_by_side import side_by_side
from harma.scenes.sidecars import Sidecars
from harma.scenes.source import Found, Properties, Source, source_named
from harma.scenes.stacking import UnfitError, stacked
from harma.scenes.stamped import Objects, stamped
from harma.scenes.vrt_parts import parts_of
from harma.scenes.zipped import archive_of

BY_PRODUCT = "the product's name"
BESIDE = "a mask of the picture beside it, by its name"
PART_OF_ITEM = "a part of a scene that a catalogue names"
PART_OF_VRT = "a part of a VRT that is a scene"
NO_OBJECTS: Objects = MappingProxyType({})


@dataclass(frozen=True)
class Entry:
    """A file on its way to become a scene.

    Attributes:
        path: absolute, as GDAL opens it.
        is_sought: whether it was found in a folder or archive, where only imagery is of interest;
            a file that is named is read whatever it is.
        taken: when, if a list says so.
        date_from: which list.
        source: of an address, subdataset or catalogue, which is read as it is.
        properties: of the list that names it, further columns of its chips.
    """

    path: str
    is_sought: bool = False
    taken: Period | None = None
    date_from: str = ""
    source: Source | None = None
    properties: Properties = ()

    @property
    def says_more(self) -> bool:
        """Whether something is known of it that the file itself does not say."""
        return self.source is not None or self.taken is not None or bool(self.properties)


def group(entries: Sequence[Entry], objects: Objects = NO_OBJECTS) -> Found:
    """The scenes of files, in their order.

    Args:
        entries: of files and addresses, each once.
        objects: address → what a listing says of it.
    """
    parts = _parts_of_catalogues(entries)
    # A file that is named by itself is read, whatever else it is a part of.
    left_out = {entry.path for entry in entries if entry.is_sought} & parts
    scenes = [entry for entry in entries if entry.path not in left_out]
    grouping = _Grouping([entry.path for entry in scenes if entry.source is None], objects)
    grouping.found.left_out.update(dict.fromkeys(sorted(left_out), PART_OF_ITEM))
    for entry in scenes:
        sources = grouping.sources_of(entry)
        for source in sources:
            listed = _as_listed(source, entry)
            grouping.found.sources.append(stamped(listed, objects))
    return grouping.found


def _as_listed(source: Source, entry: Entry) -> Source:
    """A source with what a list says of it."""
    dated = source
    if entry.taken is not None:
        dated = replace(source, taken=entry.taken, date_from=entry.date_from)
    if entry.properties:
        dated = replace(dated, properties=(*entry.properties, *dated.properties))
    return dated


def _parts_of_catalogues(entries: Sequence[Entry]) -> set[str]:
    """Files that an item of a catalogue puts together, but for the one that names the scene."""
    parts: set[str] = set()
    for entry in entries:
        if entry.source is not None:
            parts |= {part.path for part in entry.source.parts} - {entry.path}
    return parts


class _Grouping:
    """Files to scenes.

    Args:
        files: absolute paths, and addresses of objects.
        objects: address → what a listing says of it.
    """

    def __init__(self, files: Sequence[str], objects: Objects) -> None:
        self.found = Found()
        self._sidecars = Sidecars(objects)
        # VRT → its parts, of those whose parts are all there.
        self._parts = _vrts(files, objects)
        of_vrts = set(chain.from_iterable(self._parts.values()))
        # File → why it is no scene.
        self._no_scene = dict.fromkeys(of_vrts, PART_OF_VRT)
        # File → the scene that is read from it and others.
        self._scenes: dict[str, Source] = {}
        # Names of those that were given out, with the first of their files.
        self._given: set[str] = set()
        # Files of scenes and of problems.
        self._taken: set[str] = set()
        self._listing = _listing(files)
        for product in find_products(self._listing):
            self._add(product, of_vrts)
        for path in self._taken:
            self._no_scene.pop(path, None)

    def _add(self, product: Product, of_vrts: set[str]) -> None:
        """Note what becomes of a product's files."""
        # A VRT stands for what it is made of, and the first family for its files.
        is_free = not product.shown <= of_vrts and not product.shown & self._taken
        if product.shown and is_free:
            try:
                source = self._assembled(product)
            except UnfitError:
                # No product after all: its files are what they are.
                return
            except HarmaError as error:
                self.found.problems[product.name] = error.problem
            else:
                self._scenes |= dict.fromkeys(product.shown, source)
            self._taken |= product.shown
        for path, why in product.others.items():
            self._no_scene.setdefault(path, why)

    def _assembled(self, product: Product) -> Source:
        """The scene of a product.

        Raises:
            UnfitError: its files are no product after all.
            DataError: one of them cannot be read.
            MissingFileError: one of them is not there.
        """
        opened = product.opened
        parts: tuple[BandPart, ...] = ()
        if in_bucket(product.name):
            opened, parts = _opened_in_bucket(product)
        elif product.parts:
            opened = stacked(product.parts)
        elif product.tiles:
            opened = side_by_side(product.tiles, product.colors)
        elif product.files:
            _check_opens(opened)
        source = Source(
            product.name,
            opened,
            product.taken,
            date_from=BY_PRODUCT if product.taken else "",
            sensor=product.sensor,
            parts=parts,
        )
        return self._with_files(source, sorted(product.shown))

    def _with_files(self, source: Source, parts: Sequence[str]) -> Source:
        """A source with all files whose change is a change of it, each once."""
        files = dict.fromkeys(source.files)
        for part in parts:
            files |= dict.fromkeys([archive_of(part) or part, *self._sidecars.of(part)])
        # What is opened is looked at in any case.
        files.pop(source.opened_as, None)
        files.pop(address_opened(source.opened_as), None)
        return replace(source, files=tuple(files))

    def sources_of(self, entry: Entry) -> list[Source]:
        """The scenes that a file gives: mostly one; none where it is part of another."""
        path = entry.path
        if entry.source is not None:
            return [self._ready(entry.source)]
        if path in self._taken:
            return self._of_product(path)
        if path in self._no_scene:
            self.found.left_out[path] = self._no_scene[path]
            return []
        if suffix_of(path) in MAYBE:
            return self._of_container(entry)
        if entry.is_sought and not (self._is_imagery(path) and self._is_picture(path)):
            return []
        return [self._with_files(source_named(path), [path, *self._parts.get(path, ())])]

    def _ready(self, source: Source) -> Source:
        """A source that is read as it is; a catalogue's knows the sidecars of its local files."""
        opened = [part.path for part in source.parts] or [source.opened_as]
        local = [path for path in opened if path.startswith("/") and not path.startswith("/vsi")]
        return self._with_files(source, local)

    def _of_product(self, path: str) -> list[Source]:
        """The scene of a product, with the first of its files; nothing with the others."""
        source = self._scenes.get(path)
        if source is None or source.name in self._given:
            return []
        self._given.add(source.name)
        return [source]

    def _of_container(self, entry: Entry) -> list[Source]:
        content = look_into(entry.path)
        if content.left_out and entry.is_sought:
            self.found.left_out[entry.path] = content.left_out
            return []
        return [self._with_files(source, [entry.path]) for source in content.sources]

    def _is_imagery(self, path: str) -> bool:
        """Whether a folder is searched for such files; those that are like imagery are told."""
        suffix = suffix_of(path)
        if suffix in SCENE_SUFFIXES:
            return True
        if suffix in WITH_HEADER:
            return any(file.lower().endswith(".hdr") for file in self._sidecars.of(path))
        if suffix in LEFT_OUT:
            self.found.left_out[path] = LEFT_OUT[suffix]
        return False

    def _is_picture(self, path: str) -> bool:
        """Whether a raster is no mask of another one beside it, by their names; it is told."""
        folder, _, name = path.rpartition("/")
        start = mask_of(name)
        if not start or not is_prefix_of_another(self._listing[folder], start, name):
            return True
        self.found.left_out[path] = BESIDE
        return False


def _opened_in_bucket(product: Product) -> tuple[str, tuple[BandPart, ...]]:
    """What GDAL opens of a product in a bucket, and parts that are put together later."""
    if product.parts:
        # When it is looked at, as other sources are: each part that is opened is a request.
        parts = [replace(part, path=opened_by_gdal(part.path)) for part in product.parts]
        return NOT_YET, tuple(parts)
    if product.tiles:
        tiles = [replace(tile, path=opened_by_gdal(tile.path)) for tile in product.tiles]
        return side_by_side(tiles, product.colors), ()
    return opened_by_gdal(product.opened), ()


def _check_opens(path: str) -> None:
    """Check that the file that puts tiles together can be read.

    Raises:
        UnfitError: it cannot: the tiles are scenes of their own.
    """
    try:
        with gdal_settings(), open_dataset(path):
            pass
    except HarmaError as error:
        raise UnfitError(error.problem) from error


def _vrts(files: Iterable[str], objects: Objects) -> dict[str, list[str]]:
    """VRTs and their parts, where all are there: else the parts are better than nothing."""
    found = {}
    for path in files:
        if suffix_of(path) == ".vrt":
            parts = parts_of(path)
            if all(part in objects or Path(part).is_file() for part in parts):
                found[path] = parts
    return found


def _listing(files: Iterable[str]) -> dict[str, list[str]]:
    listing: dict[str, list[str]] = defaultdict(list)
    for path in files:
        folder, _, name = path.rpartition("/")
        listing[folder].append(name)
    return {folder: sorted(names) for folder, names in listing.items()}
