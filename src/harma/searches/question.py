"""What a watch looks for: its saved search with the marks on it, as they are now."""

import hashlib
import json
from dataclasses import dataclass

from harma.index.ask_json import Asked
from harma.index.contract import StoreReader
from harma.searches.asking import asked_with_marks, current_marks
from harma.searches.book import SearchBook
from harma.searches.records import SavedSearch, Watch


@dataclass(frozen=True)
class Question:
    """What a watch looks for.

    Attributes:
        search: that is watched.
        asked: what it asks, with its marks as examples.
        key: the same as long as the search, its marks, the threshold and what embeds are the same.
    """

    search: SavedSearch
    asked: Asked
    key: str


def question_of(searches: SearchBook, watch: Watch, store: StoreReader) -> Question:
    """What a watch looks for.

    Args:
        searches: of the index.
        watch: with its threshold.
        store: of the index.

    Raises:
        NotFoundError: the saved search is gone.
        QueryError: it is not usable any more, such as where the source that it names is gone.
    """
    search = searches.get(watch.search)
    marks = current_marks(searches, watch.search, store)
    asked = asked_with_marks(search, marks, store)
    judged = {
        "asked": dict(search.asked),
        "marks": sorted((mark.chip, mark.mark) for mark in marks.marks),
        "threshold": [watch.standing, watch.least_score],
        "model": store.settings.embedding_id,
    }
    text = json.dumps(judged, sort_keys=True)
    key = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return Question(search, asked, key)
