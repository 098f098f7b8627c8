"""A group: several indexes of one model, served as one under a name of its own (shards).

Each part is opened, guarded and refreshed by itself, also where it is served beside the group, or
is in another one. What the group searches are the versions that all of its parts searched when it
was looked at last: a part that cannot be searched is named, and none is left out silently.
"""

import logging
from collections.abc import Sequence

from harma.errors import BusyError, ModelMismatchError
from harma.ground.messages import sendable
from harma.index.doubles import find_double
from harma.index.index import Index
from harma.index.joined_store import JoinedStore
from harma.index.snapshot import Snapshot
from harma.index.source_ids import shown_name
from harma.searches.database import group_file
from harma.serve.live import LiveIndex, OpenIndex
from harma.serve.served import ServedIndex

logger = logging.getLogger(__name__)

# What people are told; the log has the words that name folders.
OF_SEVERAL_MODELS = (
    "its parts are of several models, whose scores do not compare; `harma index reembed` gives one"
    " of them another's"
)
DO_NOT_FIT = "its parts do not fit together; the server's log says why"
AS_BEFORE = "what was there before is searched"


class ServedGroup(ServedIndex):
    """Several indexes of a server as one.

    Its saved searches lie beside the first part, in a file of the group's name.

    Args:
        name: its id in addresses.
        parts: the indexes, in the order of their chips; who has them refreshes them before it.
        kept_in: where its saved searches are; "" beside the first part.
        only_reads: no database of them is made or changed.

    Attributes:
        parts: the same.
    """

    def __init__(
        self, name: str, parts: Sequence[LiveIndex], *, kept_in: str = "", only_reads: bool = False
    ) -> None:
        super().__init__(name, parts[0].directory, kept_in=kept_in, only_reads=only_reads)
        self.parts = tuple(parts)
        self.book_file = group_file(name)
        # The versions of the parts that were joined last, or could not be.
        self._seen: list[Snapshot] = []
        self._misfit = ""

    # -- kept up to date ---------------------------------------------------------------------------

    def warm_up(self) -> None:
        """Open the parts that are not open yet, and join them."""
        for part in self.parts:
            if part.state == "loading":
                part.warm_up()
        self.refresh()

    def refresh(self) -> bool:
        """See what the parts have seen: cheap where nothing is new.

        Returns:
            Whether there was something new.
        """
        if any(part.state == "loading" for part in self.parts):
            self.state = "loading"
            return False
        for part in self.parts:
            if part.state == "failed":
                self._fail(f"its part {part.id} cannot be searched: {part.problem}")
                return False
        opened = [part._held() for part in self.parts]
        snapshots = [one.index.snapshot for one in opened]
        is_new = not _are_same(snapshots, self._seen)
        if is_new:
            self._seen = snapshots
            self._join(opened)
        if not self._misfit:
            self.state = "ready"
            self.problem = self._problem_of_parts()
        return is_new and not self._misfit

    def _problem_of_parts(self) -> str:
        """What of a part cannot be read, though it is searched."""
        for part in self.parts:
            if part.problem:
                return f"its part {part.id}: {part.problem}"
        return ""

    def _join(self, opened: Sequence[OpenIndex]) -> None:
        """Search the versions of the parts that are open now, or say why that cannot be."""
        before = self._open
        try:
            index = Index.joined([one.index for one in opened])
            self._misfit = self._double(index.store)
            if not self._misfit:
                _ = index.snapshot.sample
                # Numbers of the parts never become less, and so their sums do not.
                self._open = OpenIndex(index, sum(one.older for one in opened))
                self._learn()
                return
        except BusyError as error:
            # Its part is looked at next, and then the group again.
            self._misfit = error.problem
        except ModelMismatchError as error:
            self._misfit = OF_SEVERAL_MODELS
            logger.error("the parts of %s: %s", self.id, error)
        except Exception:
            # Whatever it is: nobody else would say that it cannot be searched.
            self._misfit = DO_NOT_FIT
            logger.exception("the parts of %s cannot be joined", self.id)
        self._open = before
        self._go_on()

    def _go_on(self) -> None:
        """Search the versions that were joined before, where they can be searched still."""
        has_before = self._open is not None and not self._is_replaced(self._open.index)
        if has_before and self._still_answers():
            self.state = "ready"
            self.problem = f"{self._misfit}; {AS_BEFORE}"
        else:
            self._fail(self._misfit)

    def _double(self, store: object) -> str:
        """What is in two parts, in words for people; "" where nothing is."""
        assert isinstance(store, JoinedStore)
        double = find_double(store)
        if double is None:
            return ""
        logger.error("%s: the %s %s is in two parts", self.id, double.what, double.name)
        name = sendable(double.name)
        if double.what == "scene":
            name = shown_name(double.name)
        first, second = (self.parts[number].id for number in double.numbers)
        return (
            f"the {double.what} {name} is in two of its parts, {first} and {second}; take it out of"
            " one with `harma index remove`"
        )

    # -- whether it can be searched now ------------------------------------------------------------

    @property
    def is_there(self) -> bool:
        """Whether the directories of all parts are where they were: looked at quickly."""
        return all(part.is_there for part in self.parts)

    def _check_there(self) -> None:
        for part in self.parts:
            try:
                part.check_ready()
            except BusyError as error:
                problem = f"the index {self.id} needs all of its parts: {error.problem}"
                raise BusyError(problem) from error

    def _check_beside(self) -> None:
        # Its saved searches can be read whatever the other parts are.
        self.parts[0]._check_there()

    def _is_replaced(self, index: Index) -> bool:
        """Whether a part has other embeddings now."""
        own = index.store.settings.embedding_id
        return any(part._embedding_id != own for part in self.parts)


def _are_same(some: Sequence[Snapshot], others: Sequence[Snapshot]) -> bool:
    """Whether they are the same objects: a version is opened once."""
    if len(some) != len(others):
        return False
    return all(one is other for one, other in zip(some, others, strict=True))
