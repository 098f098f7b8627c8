"""Hits in a notebook: a list that shows itself as a table with thumbnails and a small map (HTML).

Nothing is asked of any server: pictures are inside the page, the map is drawn here.
"""

import base64
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, SupportsIndex, overload

from harma.errors import HarmaError
from harma.index.contract import READ_ERRORS, StoreReader
from harma.index.expansion import Expansion
from harma.index.hits import Hit
from harma.index.small_map import HEIGHT, WIDTH, small_maps
from harma.index.standing import STANDINGS

if TYPE_CHECKING:
    import jinja2

logger = logging.getLogger(__name__)

# Rows of a table: a notebook keeps it, pictures and all.
MOST_ROWS = 50
# Longer side of a picture that the index has no thumbnail of, pixels.
PICTURE_SIDE = 96


class HitList(list[Hit]):
    """What a search found, the best first: a list, which a notebook shows as a table and a map.

    Slices keep showing pictures; what is made of a list otherwise (a sorted copy, a comprehension)
    is a plain list, and `HitList(those, store=hits.store)` shows it.

    Args:
        hits: what was found.
        store: of the index that they are of, for their pictures; None shows none.
        expanded: what joined the short texts of the query, those of which something did.
    """

    def __init__(
        self,
        hits: Iterable[Hit] = (),
        store: StoreReader | None = None,
        expanded: Sequence[Expansion] = (),
    ) -> None:
        super().__init__(hits)
        self.store = store
        self.expanded = list(expanded)

    @overload
    def __getitem__(self, place: SupportsIndex, /) -> Hit: ...

    @overload
    def __getitem__(self, place: slice, /) -> "HitList": ...

    def __getitem__(self, place: SupportsIndex | slice, /) -> "Hit | HitList":
        """A hit, or a part of the list."""
        if isinstance(place, slice):
            return HitList(super().__getitem__(place), self.store, self.expanded)
        return super().__getitem__(place)

    def copy(self) -> "HitList":
        """The same hits in another list."""
        return HitList(self, self.store, self.expanded)

    def __reduce__(self) -> tuple[Any, ...]:
        # Open tables cannot be pickled: the hits are, and show themselves without pictures.
        return HitList, (list(self), None, self.expanded)

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        shown = self[:MOST_ROWS]
        pictures, problem = _pictures(self.store, shown)
        rows = [_row(rank, hit, pictures) for rank, hit in enumerate(shown, 1)]
        return _template().render(
            rows=rows,
            counts=_counts(self),
            num_hits=len(self),
            expanded=self.expanded,
            maps=small_maps(self),
            width=WIDTH,
            height=HEIGHT,
            problem=problem,
        )


@dataclass(frozen=True)
class _ShownHit:
    """A row of the table.

    Attributes:
        rank: from 1.
        hit: what was found.
        pictures: addresses that hold them, with a heading each; before and after of a change.
    """

    rank: int
    hit: Hit
    pictures: tuple[tuple[str, str], ...]


def _row(rank: int, hit: Hit, pictures: dict[str, str]) -> _ShownHit:
    shown = [(pictures.get(hit.id, ""), hit.date_text if hit.then else "")]
    if hit.then is not None:
        shown.insert(0, (pictures.get(hit.then.id, ""), hit.then.date_text))
    return _ShownHit(rank, hit, tuple(pair for pair in shown if pair[0]))


def _counts(hits: Sequence[Hit]) -> str:
    """How many there are of each standing, such as "2 clear, 3 weak"."""
    counts = Counter(hit.standing for hit in hits)
    return ", ".join(f"{counts[name]:,} {name}" for name in STANDINGS if counts[name])


def _pictures(store: StoreReader | None, hits: Sequence[Hit]) -> tuple[dict[str, str], str]:
    """Addresses that hold the picture of each chip, and why there are none."""
    if store is None:
        return {}, "These hits have left their index; search again to see pictures."
    earlier = [hit.then for hit in hits if hit.then is not None]
    try:
        with store.reading():
            return _read_pictures(store, [*hits, *earlier]), ""
    except (HarmaError, *READ_ERRORS):
        # A table that is shown must not end in an error: the figures in it are right.
        logger.exception("the pictures of hits cannot be read")
        return {}, "The index has changed since; search again to see pictures."


def _read_pictures(store: StoreReader, hits: Sequence[Hit]) -> dict[str, str]:
    """Thumbnails of the index; what came without one is read from its scene."""
    # Reading scenes needs much that a search does not.
    from harma.index.pictures import pictures_of, thumbnails_of

    thumbnails = thumbnails_of(store, [hit.id for hit in hits])
    bare = [hit for hit in hits if not thumbnails.get(hit.id)]
    for hit, picture in zip(bare, pictures_of(store, bare, size=PICTURE_SIDE), strict=True):
        buffer = BytesIO()
        picture.image.save(buffer, "JPEG")
        thumbnails[hit.id] = buffer.getvalue()
    return {chip: _address(jpeg) for chip, jpeg in thumbnails.items()}


def _address(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")


@cache
def _template() -> "jinja2.Template":
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harma.index"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("hits.html.jinja")
