"""The book of saved searches of one index: kept, changed, marked, deleted."""

import datetime as dt
import logging
import secrets
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Self

from sqlalchemy import Connection, Row, and_, delete, func, insert, select, update

from harma.errors import ConflictError, NotFoundError, QueryError
from harma.ground.storage.home import Place, home_of
from harma.searches.checks import (
    MOST_SEARCHES,
    check_asked,
    check_chip,
    check_mark,
    check_name,
    check_who,
)
from harma.searches.database import DATABASE_FILE, Database, now, open_state
from harma.searches.mark_rows import (
    Setting,
    count_marks,
    drop_marks,
    read_marks,
    rename_chips,
    set_marks,
)
from harma.searches.records import Mark, MarkCounts, SavedSearch
from harma.searches.tables import MARKS, SEARCHES

logger = logging.getLogger(__name__)

# Of ids: no signs that are taken for others, none that an address or a file's name cannot have.
SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
# 59 bits: nobody guesses one of a million in a lifetime.
ID_LENGTH = 12
# A draft that nobody marks or changes for so long is dropped.
DRAFT_LIFE = dt.timedelta(days=30)


class SearchBook:
    """Saved searches of one index, and the marks on their hits.

    Threads and processes may share it: what one of them has changed the others see at once.

    Args:
        database: that keeps them.
        index_name: tells indexes apart that share a database; "" in a database beside its index.
    """

    def __init__(self, database: Database, index_name: str = "") -> None:
        self.database = database
        self.index_name = index_name

    @classmethod
    def open(
        cls,
        directory: Place,
        *,
        state: str = "",
        index_name: str = "",
        only_reads: bool = False,
        file_name: str = DATABASE_FILE,
    ) -> Self:
        """Open the book of an index.

        Args:
            directory: of the index, or its address.
            state: where saved searches are kept: a directory, postgresql://…; "" beside the index.
            index_name: by which the index is known there; "" takes the name of its directory.
            only_reads: nothing is made or changed, also where it could be.
            file_name: of the database beside the index; of several indexes that are searched as
                one, that of their group (`harma.searches.database.group_file`).

        Raises:
            ConfigError: the place cannot be one for saved searches.
            StateError: it cannot be opened.
        """
        home = home_of(directory)
        name = index_name or home.name
        database = open_state(state, home, name, only_reads=only_reads, file_name=file_name)
        # A file belongs to one index, whatever that is called today.
        return cls(database, name if database.is_shared else "")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    # -- searches ----------------------------------------------------------------------------------

    def create(
        self,
        name: str,
        asked: Mapping[str, Any],
        *,
        is_draft: bool = False,
        who: str = "",
        model: str = "",
    ) -> SavedSearch:
        """Keep a search.

        Args:
            name: a person's; a draft needs none.
            asked: what is looked for, as JSON (`harma.index.ask_json`); without uploaded pictures.
            is_draft: it is kept because something is marked, and nobody has named it yet.
            who: keeps it, where that is known.
            model: fingerprint of the model whose vectors are in `asked`.

        Raises:
            QueryError: the name or the search cannot be kept, or there are too many.
        """
        if name or not is_draft:
            name = check_name(name)
        kept = check_asked(asked)
        check_who(who)
        moment = now()
        row: dict[str, Any] = {
            "id": _new_id(),
            "index_name": self.index_name,
            "name": name,
            "asked": kept,
            "is_draft": is_draft,
            "version": 1,
            "created": moment,
            "changed": moment,
            "who": who,
            "model": model,
        }
        with self.database.transaction() as connection:
            self._drop_old_drafts(connection, moment)
            count = connection.execute(select(func.count()).where(self._mine)).scalar_one()
            if count >= MOST_SEARCHES:
                raise QueryError(
                    f"{count:,} searches are saved already, and no more are kept; delete some"
                )
            connection.execute(insert(SEARCHES).values(row))
        del row["index_name"]
        return SavedSearch(**row)

    def all(self, *, drafts: bool = False) -> list[SavedSearch]:
        """All saved searches, the one that changed last first."""
        query = select(SEARCHES).where(self._mine)
        if not drafts:
            query = query.where(~SEARCHES.c.is_draft)
        query = query.order_by(SEARCHES.c.changed.desc(), SEARCHES.c.id)
        with self.database.reading() as connection:
            return [_search_of(row) for row in connection.execute(query)]

    def get(self, search: str) -> SavedSearch:
        """A saved search by its id.

        Raises:
            NotFoundError: there is none.
        """
        with self.database.reading() as connection:
            return self._read(connection, search)

    def change(
        self,
        search: str,
        *,
        name: str | None = None,
        asked: Mapping[str, Any] | None = None,
        version: int | None = None,
        model: str = "",
    ) -> SavedSearch:
        """Change a saved search; a name makes a draft a saved search.

        Args:
            search: id of it.
            name: the new one; None leaves it.
            asked: what is looked for now; None leaves it.
            version: that the caller knows; None changes whatever is there.
            model: fingerprint of the model whose vectors are in `asked`.

        Raises:
            NotFoundError: there is none.
            ConflictError: it has changed since that version.
            QueryError: the name or the search cannot be kept.
        """
        values: dict[str, Any] = {}
        if name is not None:
            values |= {"name": check_name(name), "is_draft": False}
        if asked is not None:
            values |= {"asked": check_asked(asked), "model": model}
        with self.database.transaction() as connection:
            # Counted up first: that locks the row against others, also in PostgreSQL.
            changed = self._touch(connection, search)
            if version is not None and changed.version != version + 1:
                raise ConflictError(
                    f"the saved search has changed since: its version is {changed.version - 1},"
                    f" not {version}; read it again, and change that"
                )
            if values:
                connection.execute(update(SEARCHES).where(self._is(search)).values(values))
            return self._read(connection, search)

    def delete(self, search: str) -> None:
        """Delete a saved search with its marks, its watch and its events.

        Raises:
            NotFoundError: there is none.
        """
        with self.database.transaction() as connection:
            if not connection.execute(delete(SEARCHES).where(self._is(search))).rowcount:
                raise _no_search(search)

    # -- marks -------------------------------------------------------------------------------------

    def marks(self, search: str) -> list[Mark]:
        """The marks of a saved search, in the order of their time.

        Raises:
            NotFoundError: there is no such search.
        """
        with self.database.reading() as connection:
            self._read(connection, search)
            return read_marks(connection, search)

    def counts(self, search: str | None = None) -> dict[str, MarkCounts]:
        """How many marks there are, by the id of the saved search; of one of them, or of all."""
        condition = self._mine if search is None else self._is(search)
        query = (
            select(MARKS.c.search, MARKS.c.mark, func.count())
            .join(SEARCHES)
            .where(condition)
            .group_by(MARKS.c.search, MARKS.c.mark)
        )
        counts: dict[str, dict[str, int]] = defaultdict(dict)
        with self.database.reading() as connection:
            for name, mark, count in connection.execute(query):
                counts[name][mark] = count
        return {name: MarkCounts(**numbers) for name, numbers in counts.items()}

    def put_marks(
        self,
        search: str,
        marks: Sequence[Mark],
        *,
        drop: Sequence[str] = (),
        who: str = "",
        keep_notes: Collection[str] = (),
    ) -> SavedSearch:
        """Set marks, of each chip the last one stays; on disk when this returns.

        Whoever said something else of a chip before is kept as `Mark.earlier`.

        Args:
            search: id of it.
            marks: to set.
            drop: chips whose mark goes.
            who: sets them; "" takes what each mark says.
            keep_notes: chips whose note stays what it is.

        Raises:
            NotFoundError: there is no such search.
            QueryError: a mark cannot be kept, or there are too many.
        """
        for mark in marks:
            check_mark(mark)
        for chip in drop:
            check_chip(chip)
        check_who(who)
        with self.database.transaction() as connection:
            changed = self._touch(connection, search)
            drop_marks(connection, search, drop)
            setting = Setting(search, who, changed.changed, frozenset(keep_notes))
            set_marks(connection, marks, setting)
            count_marks(connection, search)
        return changed

    def rename_chips(self, search: str, names: Mapping[str, str]) -> None:
        """Give marks the new ids of their chips, whose scenes have been renamed.

        Args:
            search: id of it.
            names: old id → new id.

        Raises:
            NotFoundError: there is no such search.
        """
        with self.database.transaction() as connection:
            self._touch(connection, search)
            rename_chips(connection, search, names)

    # -- inside a transaction ----------------------------------------------------------------------

    @property
    def _mine(self) -> Any:
        """The condition that a search is of this index."""
        return SEARCHES.c.index_name == self.index_name

    def _is(self, search: str) -> Any:
        """The condition that it is this search; what can be no id is asked of no database."""
        if not (search.isascii() and search.isalnum()):
            raise _no_search(search)
        return and_(SEARCHES.c.id == search, self._mine)

    def _read(self, connection: Connection, search: str) -> SavedSearch:
        row = connection.execute(select(SEARCHES).where(self._is(search))).one_or_none()
        if row is None:
            raise _no_search(search)
        return _search_of(row)

    def _touch(self, connection: Connection, search: str) -> SavedSearch:
        """Count a search up, as it is changed now."""
        statement = update(SEARCHES).where(self._is(search))
        values = {"version": SEARCHES.c.version + 1, "changed": now()}
        if not connection.execute(statement.values(values)).rowcount:
            raise _no_search(search)
        return self._read(connection, search)

    def _drop_old_drafts(self, connection: Connection, moment: dt.datetime) -> None:
        """Drop drafts that nobody has marked or changed for long."""
        is_old = and_(SEARCHES.c.is_draft, SEARCHES.c.changed < moment - DRAFT_LIFE)
        dropped = connection.execute(delete(SEARCHES).where(and_(self._mine, is_old))).rowcount
        if dropped:
            logger.info("%d drafts of searches dropped, unused for 30 days", dropped)


def _search_of(row: Row[Any]) -> SavedSearch:
    values = row._asdict()
    del values["index_name"]
    return SavedSearch(**values)


def _new_id() -> str:
    return "".join(secrets.choice(SIGNS) for _ in range(ID_LENGTH))


def _no_search(search: str) -> NotFoundError:
    return NotFoundError(f"there is no saved search {search!r}; it may have been deleted")
