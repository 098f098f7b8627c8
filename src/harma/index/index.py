"""The index as people use it: build, add, open, search, export (`harma.Index`)."""

from collections import Counter
from collections.abc import Collection, Sequence
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, cast

from harma.errors import ConfigError, QueryError
from harma.ground.messages import about_file
from harma.ground.outputs import check_output_file
from harma.ground.progress import AdvancePart, not_told
from harma.ground.storage.home import Place
from harma.index.ask import (
    Expand,
    Page,
    Picture,
    Query,
    SearchOptions,
    Where,
    where_and_page,
)
from harma.index.ask_forms import shows_declaration
from harma.index.change import changed_hits, find_changes
from harma.index.compaction import how_searched
from harma.index.contract import StoreReader
from harma.index.counts import chip_totals, counted_bands, counted_sensors, last_added
from harma.index.date_counts import dated_chips
from harma.index.doubtful import find_doubtful
from harma.index.embedder import PictureLike, QueryEmbedder, RememberingEmbedder
from harma.index.expansion import Expander
from harma.index.filters import filter_of, times_of
from harma.index.hit_list import HitList
from harma.index.hits import hits_of
from harma.index.joined_store import JoinedStore
from harma.index.placed import places_said
from harma.index.properties import WORDS
from harma.index.query import embed_query, marked_chips
from harma.index.search import Search
from harma.index.settings import FOREIGN
from harma.index.snapshot import Snapshot
from harma.index.standing import Standings, usual_score
from harma.index.store import Store
from harma.scenes.ranges import told_ranges

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harma.index.manage import PathLike
    from harma.index.records import SourceRecord
    from harma.index.relocate import Relocated
    from harma.index.upkeep import Removed
    from harma.index.writer import BuildOutcome
    from harma.model.opened import OpenedModel

# Ranges of values that `info` names.
MOST_STRETCHES = 5


class Index:
    """An opened index; use `Index.open`.

    Threads may share it: each search holds one version of the index from its first read to its
    last, also while another process writes and another thread refreshes.

    Args:
        store: its tables.
        model: the model it was made with, or None to load it when first needed.
    """

    def __init__(self, store: StoreReader, model: "OpenedModel | None" = None) -> None:
        self._snapshot = Snapshot(store)
        if model is not None:
            # Fills the cached property, so that nothing is loaded later.
            self.model = _checked(store, model)

    @classmethod
    def open(cls, place: Place | Sequence[Place], *, model: "OpenedModel | None" = None) -> "Index":
        """Open an index, or several of one model, which are searched as one.

        ::

            harma.Index.open(["naip-2019", "naip-2021"]).search("a stadium")

        Args:
            place: of the index (a folder, or s3://…, gs://…, az://…), or of each of several. Hits
                are those that an index of all their chips would give.
            model: the model it was made with, if it is loaded already or has moved.

        Raises:
            MissingFileError: there is no index.
            DataError: it is damaged.
            ConfigError: an index is named twice, or none is.
            ModelMismatchError: the model is another one, or the indexes are of several.
        """
        return cls(_store_of(place), model)

    @classmethod
    def joined(cls, indexes: Sequence["Index"]) -> "Index":
        """Open indexes of one model as one, in the versions that they search now.

        What they have loaded and learnt is shared; refreshing one changes nothing here.

        Raises:
            ConfigError: an index is there twice, or a property is of two types.
            ModelMismatchError: they are of several models.
        """
        joined = copy(indexes[0])
        joined._snapshot = Snapshot.joined([index.snapshot for index in indexes])
        return joined

    # -- what changes an index, by its directory ---------------------------------------------------
    # Their modules are imported when they are called: they need torch, which searches do not.

    @staticmethod
    def build(
        place: Place,
        sources: "Iterable[PathLike]",
        model: "PathLike | OpenedModel | None" = None,
        *,
        backbone: str | None = None,
        progress: AdvancePart = not_told,
        **options: Any,
    ) -> "BuildOutcome":
        """Make an index, or bring what is new into one that is there.

        ::

            harma.Index.build("archive", ["scenes/"], "runs/a", size=256, stride=0.5)

        Args:
            place: of the index.
            sources: folders, files, globs, lists (.txt, .csv), addresses.
            model: run, adapter or model directory, or preset; None takes the index's own.
            backbone: where the model's backbone is, if not where it says.
            progress: called with (what is done, so far, in all).
            **options: of `harma.index.options.BuildOptions`; what is not said is as in the index.
                Processes read unless `num_workers` is 0; a script that lets them keeps its calls
                under `if __name__ == "__main__":`, since each process imports it.

        Raises:
            ConfigError: an option is not usable, or the index was made with another.
            BusyError: another process writes the index.
            MissingFileError: a source or the model is not there.
            ModelMismatchError: the index was made with another model.
        """
        from harma.index.manage import build_index
        from harma.index.options import BuildOptions, options_of

        return build_index(
            place,
            sources,
            model,
            backbone=backbone,
            options=options_of(BuildOptions, options),
            progress=progress,
        )

    @staticmethod
    def add(
        place: Place,
        sources: "Iterable[PathLike]",
        *,
        backbone: str | None = None,
        progress: AdvancePart = not_told,
        **options: Any,
    ) -> "BuildOutcome":
        """Bring what is new into an index that is there, with its own model and settings.

        Args:
            place: of the index.
            sources: as in `build`.
            backbone: where the model's backbone is now, if not where the index says.
            progress: called with (what is done, so far, in all).
            **options: of `harma.index.options.WorkOptions`.

        Raises:
            BusyError: another process writes the index.
            ConfigError: the index was made with other `tiles`.
            MissingFileError: the index, a source or the model is not there.
        """
        from harma.index.manage import add_to_index
        from harma.index.options import WorkOptions, options_of

        return add_to_index(
            place,
            sources,
            backbone=backbone,
            options=options_of(WorkOptions, options),
            progress=progress,
        )

    @staticmethod
    def reembed(
        place: Place,
        model: "PathLike",
        *,
        backbone: str | None = None,
        allow_missing: bool = False,
        progress: AdvancePart = not_told,
        **options: Any,
    ) -> "BuildOutcome":
        """Embed all sources of an index again, with another model or other `tiles`.

        The old embeddings answer meanwhile.

        Args:
            place: of the index.
            model: run, adapter or model directory, or preset.
            backbone: where the model's backbone is, if not where it says.
            allow_missing: give up sources that cannot be read any more.
            progress: called with (what is done, so far, in all).
            **options: of `harma.index.options.WorkOptions`.

        Raises:
            BusyError: another process writes the index.
            ConfigError: the index has the embeddings of this model and these tiles already.
            DataError: sources cannot be read; the index stays as it is.
        """
        from harma.index.manage import reembed_index
        from harma.index.options import WorkOptions, options_of

        return reembed_index(
            place,
            model,
            backbone=backbone,
            allow_missing=allow_missing,
            options=options_of(WorkOptions, options),
            progress=progress,
        )

    @staticmethod
    def remove(place: Place, patterns: Sequence[str]) -> "Removed":
        """Take sources out.

        Args:
            place: of the index.
            patterns: names of sources, with * and ?.

        Raises:
            BusyError: another process writes the index.
            NotFoundError: a pattern matches no source; nothing is removed then.
        """
        from harma.index.upkeep import remove

        return remove(place, patterns)

    @staticmethod
    def relocate(
        place: Place,
        old: "PathLike",
        new: "PathLike",
        *,
        force: bool = False,
        dry_run: bool = False,
        progress: AdvancePart = not_told,
    ) -> "Relocated":
        """Rename the sources below a folder or address that lie elsewhere now; nothing is embedded.

        Args:
            place: of the index.
            old: folder, file or address, as sources of the index are called.
            new: where they lie.
            force: also where files of the new place are not there.
            dry_run: only say what would be renamed.
            progress: called with ("renaming", sources so far, in all).

        Raises:
            BusyError: another process writes the index.
            ConfigError: another scene is called as one will be.
            NotFoundError: no source lies below `old`.
            MissingFileError: files are not at the new place; nothing is renamed.
        """
        from harma.index.relocate import relocate

        return relocate(
            place,
            str(old),
            str(new),
            force=force,
            dry_run=dry_run,
            progress=progress,
        )

    @staticmethod
    def optimize(
        place: Place,
        *,
        model: "OpenedModel | None" = None,
        with_texts: bool = True,
        num_workers: int = 1,
        progress: AdvancePart = not_told,
    ) -> str:
        """Join files, drop old versions, and make the ANN index anew.

        Args:
            place: of the index.
            model: the one the index was made with; None loads it.
            with_texts: measure recall on texts too, which needs the model. An index of a model that
                HarMA cannot load is measured on its chips alone.
            num_workers: processes that make the ANN index; more than one need pylance
                (`harma[cluster]`).
            progress: told of what takes long.

        Returns:
            How the index is searched now, in words.

        Raises:
            BusyError: another process writes the index.
            ModelMismatchError: the index was made with another model.
        """
        from harma.index.upkeep import optimize

        # Also where no text is embedded: a model that is given must be the right one.
        index = Index.open(place, model=model)
        is_foreign = index.store.settings.model_id.startswith(FOREIGN)
        embedder = None
        if with_texts and not is_foreign:
            embedder = index.model
        return optimize(place, embedder, progress, num_workers)

    # -- what reads it -----------------------------------------------------------------------------

    @property
    def store(self) -> StoreReader:
        """The tables, in the version that is searched."""
        return self._snapshot.store

    @property
    def snapshot(self) -> Snapshot:
        """The version that is searched; whoever holds it reads that one, whatever is written."""
        return self._snapshot

    def refresh(self) -> None:
        """See what was added since the index was opened.

        Searches that are under way go on in the version that they began with.

        Raises:
            DataError: the tables are damaged.
            ModelMismatchError: the index was embedded again with another model; open it again.
        """
        # One assignment: a search takes the old snapshot or the new one, never parts of both.
        self._snapshot = Snapshot(self._snapshot.store)

    def refresh_if_changed(self) -> bool:
        """As `refresh`, where something was written; quick where nothing was.

        What searches need of the new version is learnt before they see it.

        Returns:
            Whether something was written.

        Raises:
            DataError: the tables are damaged.
            ModelMismatchError: the index was embedded again with another model; open it again.
        """
        newest = Snapshot(self._snapshot.store)
        if newest.is_as(self._snapshot):
            return False
        with newest.store.reading():
            newest.warm_up()
        self._snapshot = newest
        return True

    def held(self) -> "Index":
        """The version that is searched now: it stays, whatever this index is refreshed to.

        What is loaded, such as the model, is shared.
        """
        return copy(self)

    def __len__(self) -> int:
        """Chips."""
        return self.store.count()

    @cached_property
    def model(self) -> "OpenedModel":
        """The model, loaded from where it was when the index was made."""
        from harma.model.opened import open_model

        settings = self.store.settings
        if settings.model_id.startswith(FOREIGN):
            raise QueryError(
                f"the embeddings of this index are of {settings.model}, which HarMA cannot load:"
                " texts and pictures cannot be looked for. Give a chip or a vector of"
                " that model"
            )
        # What is wrong with it may be what the index says of it.
        with about_file(str(self.store.home)):
            model = open_model(settings.model, backbone=settings.backbone)
        return _checked(self.store, model)

    @cached_property
    def embedder(self) -> QueryEmbedder:
        """What embeds queries: the model, which keeps the texts that were asked for last.

        A server sets what many callers share in its place, over the same model, which stays the one
        that was checked.
        """
        return RememberingEmbedder(self.model)

    @cached_property
    def _expander(self) -> Expander:
        """What joins short texts by captions; it keeps what it found for this index's model."""
        return Expander(lambda: self.embedder)

    def warm_up(self) -> None:
        """Load the model, and read what searches need of all chips, before anybody waits."""
        self._snapshot.warm_up()
        self.embedder.embed_texts(["warm up"])
        self._expander.warm_up()

    def verify(self) -> list[str]:
        """What is wrong with the index, a line each; empty if nothing is."""
        from harma.index.verify import verify

        return verify(self.store)

    def export(
        self, file: str | Path, *, thumbnails: bool = False, progress: AdvancePart = not_told
    ) -> int:
        """Write all chips to a GeoParquet file, near ones beside each other.

        Args:
            file: where; it is replaced when the new one is whole.
            thumbnails: write them too.
            progress: called with ("exporting", so far, in all).

        Returns:
            Chips written.

        Raises:
            ConfigError: the file would lie inside the index.
            StorageError: the file cannot be written.
        """
        from harma.index.geoparquet import export_geoparquet

        check_output_file(file)
        file = Path(file)
        # Resolved, as a link may lead into the index.
        for snapshot in self._snapshot.parts or [self._snapshot]:
            if snapshot.store.home.holds(file):
                raise ConfigError(f"{file} lies inside the index; write the export elsewhere")
        return export_geoparquet(self.store, file, thumbnails=thumbnails, progress=progress)

    def info(self) -> dict[str, Any]:
        """What the index holds."""
        store = self.store
        settings = store.settings
        sources = list(store.sources().values())
        chips = chip_totals(store)
        further = store.property_types().items()
        return {
            "chips": chips.num_chips,
            "sources": sum(not row.problem for row in sources),
            "problems": sum(bool(row.problem) for row in sources),
            "placed": chips.num_placed,
            **places_said(sources),
            "bounds": chips.bounds,
            "bands": counted_bands(sources),
            "sensors": counted_sensors(sources),
            "last added": last_added(sources),
            "dates": [str(when) for when in chips.dates],
            **dated_chips(chips.num_dated, sources),
            "properties": [f"{name} ({WORDS[kind]})" for name, kind in further],
            "model": settings.model,
            "model id": settings.model_id,
            "embedded by": ", ".join(settings.embedded_by),
            "tiling": str(settings.tiling),
            "tiles": settings.tiles,
            "reading": str(settings.reading),
            "ranges": told_ranges(settings.reading.ranges),
            "black to white": _stretches(sources),
            "max nodata": settings.max_nodata,
            "thumbnails": settings.thumbnails,
            "search": self._how_searched(),
            "bytes": store.num_bytes(),
        }

    def _how_searched(self) -> str:
        """In words; of several indexes what each of them says, once."""
        snapshots = self._snapshot.parts or [self._snapshot]
        said = [how_searched(snapshot.ann) for snapshot in snapshots]
        return "; ".join(dict.fromkeys(said))

    @shows_declaration
    def search(
        self,
        text: str | Sequence[str] | None = None,
        image: "PictureLike | Picture | None" = None,
        *,
        like: Sequence[Any] = (),
        unlike: Sequence[Any] = (),
        expand: Expand = "auto",
        **options: Unpack[SearchOptions],
    ) -> HitList:
        """Find chips, or places that match more now than they did.

        A plain string in `text`, `like` and `unlike` is a text, always; `image` takes a picture.
        Chips, pictures and vectors among examples are said: `Chip(id)`, `Picture(path)`,
        `Vector(values)` of `harma.index.ask`; (example, weight) gives a weight.

        Returns:
            The best first; fewer than `k` only where no more match. Its `expanded` says what joined
            short texts. A notebook shows them as a
            table with thumbnails and a map. `percentile` and `standing` of a change say how its
            gain stands out from those of all places that were compared.

        Raises:
            QueryError: something said is not usable.
            NotFoundError: a chip to be like is not in the index.
        """
        where, page = where_and_page(options)
        return self.find(Query(text, image, like, unlike, expand), where, page)

    def find(self, query: Query, where: Where | None = None, page: Page | None = None) -> HitList:
        """Find chips, or places that match more now than they did.

        Args:
            query: what is looked for.
            where: which chips may be found; None admits all.
            page: which of the hits are given; None gives the first ten.

        Returns:
            The best first; fewer than `page.k` only where no more match.

        Raises:
            QueryError: something said is not usable.
            NotFoundError: a chip to be like is not in the index.
        """
        where = where or Where()
        page = page or Page()
        condition = filter_of(where)
        times = times_of(where)
        # Held to the end: a refresh meanwhile changes nothing for this search.
        snapshot = self._snapshot
        with snapshot.store.reading():
            embedded = embed_query(lambda: self.embedder, snapshot, query, self._expander)
            vector = embedded.vector
            expanded = embedded.expanded
            if times is not None:
                usual = usual_score(snapshot.sample @ vector)
                changes = find_changes(snapshot.store, vector, condition, *times, usual=usual)
                changed = changed_hits(snapshot.store, changes, page)
                return HitList(changed, snapshot.store, expanded)
            search = Search(snapshot, vector, condition, is_exact=page.exact)
            # From the first hit on, whatever the page: chips of one place are merged from the best
            # down.
            matches = search.find(page.k + page.offset, overlap=page.overlap)
            # Cosines of different queries do not compare: hits are judged against a sample of the
            # index.
            standings = Standings(snapshot.sample @ vector)
            # Cut last: what stands before the page decides what is merged into it.
            shown = matches[page.offset :]
            chips = [match.chip for match in shown]
            hits = hits_of(chips, [match.score for match in shown], standings)
            return HitList(hits, snapshot.store, expanded)

    def find_doubtful(
        self,
        query: Query,
        where: Where | None = None,
        page: Page | None = None,
        *,
        marked: Collection[str] = (),
    ) -> HitList:
        """Find chips whose marks would teach a search most: near the boundary of good and bad.

        Args:
            query: what is looked for, with the chips to be like and unlike, which are not asked for
                again.
            where: which chips may be found; None admits all.
            page: how many; None gives ten.
            marked: ids of further chips that are not asked for.

        Returns:
            The most doubtful first, each unlike those before it.

        Raises:
            QueryError: something said is not usable, or a change is looked for.
            NotFoundError: a chip of the query is not in the index.
        """
        where = where or Where()
        condition = filter_of(where)
        if times_of(where) is not None:
            raise QueryError("a change has no doubtful chips; leave before and after out")
        snapshot = self._snapshot
        with snapshot.store.reading():
            embedded = embed_query(lambda: self.embedder, snapshot, query, self._expander)
            known = {*marked, *marked_chips(query)}
            hits = find_doubtful(snapshot, embedded, condition, page or Page(), known)
            return HitList(hits, snapshot.store, embedded.expanded)


def _store_of(place: Place | Sequence[Place]) -> StoreReader:
    """The store of an index, or of several."""
    if not isinstance(place, list | tuple):
        # Else a sequence of another kind, of which a text is one.
        return Store(cast("Place", place))
    stores = [Store(each) for each in place]
    if not stores:
        raise ConfigError("no index is named; name one or several")
    return stores[0] if len(stores) == 1 else JoinedStore(stores)


def _checked(store: StoreReader, model: "OpenedModel") -> "OpenedModel":
    """The model, if it is the one the index was made with."""
    # Not at the top: queries of vectors and chips need no model, and so no torch.
    from harma.model.fingerprint import check_model

    settings = store.settings
    check_model(settings.model, settings.model_id, model, settings.reading.values)
    return model


def _stretches(sources: "Iterable[SourceRecord]") -> dict[str, int]:
    """What was shown as black to white → sources; the most frequent of them."""
    shown = Counter(row.stretch or "as it is" for row in sources if not row.problem)
    return dict(shown.most_common(MOST_STRETCHES))
