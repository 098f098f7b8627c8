"""The book of saved searches of one index: kept, changed, marked, deleted."""

from collections.abc import Mapping, Sequence
from typing import Any

from harma.searches.database import Database
from harma.searches.records import Mark, SavedSearch


class SearchBook:
    """Saved searches of one index, and the marks on their hits.

    Args:
        database: that keeps them.
        index_name: tells indexes apart that share a database; "" in a database beside its index.
    """

    def __init__(self, database: Database, index_name: str = "") -> None:
        self.database = database
        self.index_name = index_name

    def create(
        self, name: str, asked: Mapping[str, Any], *, is_draft: bool = False, who: str = ""
    ) -> SavedSearch:
        """Keep a search."""
        raise NotImplementedError

    def all(self, *, drafts: bool = False) -> list[SavedSearch]:
        """All saved searches, the one that changed last first."""
        raise NotImplementedError

    def get(self, search: str) -> SavedSearch:
        """A saved search by its id.

        Raises:
            NotFoundError: there is none.
        """
        raise NotImplementedError

    def change(
        self,
        search: str,
        *,
        name: str | None = None,
        asked: Mapping[str, Any] | None = None,
        version: int | None = None,
    ) -> SavedSearch:
        """Change a saved search; a name makes a draft a saved search.

        Args:
            search: id of it.
            name: the new one; None leaves it.
            asked: what is looked for now; None leaves it.
            version: that the caller knows; None changes whatever is there.

        Raises:
            NotFoundError: there is none.
            ConflictError: it has changed since that version.
        """
        raise NotImplementedError

    def delete(self, search: str) -> None:
        """Delete a saved search with its marks, its watch and its events.

        Raises:
            NotFoundError: there is none.
        """
        raise NotImplementedError

    def marks(self, search: str) -> list[Mark]:
        """The marks of a saved search, in the order of their time.

        Raises:
            NotFoundError: there is no such search.
        """
        raise NotImplementedError

    def put_marks(
        self, search: str, marks: Sequence[Mark], *, drop: Sequence[str] = (), who: str = ""
    ) -> SavedSearch:
        """Set marks, of each chip the last one stays; on disk when this returns.

        Args:
            search: id of it.
            marks: to set.
            drop: chips whose mark goes.
            who: sets them.

        Raises:
            NotFoundError: there is no such search.
        """
        raise NotImplementedError
