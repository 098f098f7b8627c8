"""Lance's tables are touched in `harma.index.store` alone."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOMES = (ROOT / "src/harma/index/store", ROOT / "tests/index/store")
# Words that only who holds a table of Lance needs, with what they would mean elsewhere left out.
RAW = (
    "lancedb",
    "\\b_rowid",
    '"_distance"',
    "to_batches",
    "take_row_ids",
    "take_offsets",
    "count_rows",
    "merge_insert",
    "create_table",
    "\\.open_table\\(",
    "checkout_latest",  # nobody needs it any more
    "checkout\\(",
    "list_indices",
    "create_index",
    "index_stats",
    "with_row_id",
    "nprobes",
    "\\._chips\\b",
    "\\._sources\\b",
)
# These tables are of memory, the test of the wall names what it looks for, the command line says
# which package brings each library, a plan of Lance says whether an index is used, and one module
# makes segments of the ANN index, for which pylance has words of its own.
NOT_LANCE = (
    "tests/index/memory_store.py",
    "tests/index/test_store_wall.py",
    "tests/index/test_compaction.py",
    "src/harma/cli/endings.py",
    "src/harma/ground/deferred_imports.py",
    "src/harma/index/ann_segments.py",
)


def strays(folder, word):
    places = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name in NOT_LANCE or any(home in path.parents for home in HOMES):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(word, line):
                places.append(f"{name}:{number}: {line.strip()}")
    return places


@pytest.mark.parametrize("word", RAW)
def test_raw_calls_are_in_the_store_alone(word):
    places = strays("src", word) + strays("tests/index", word) + strays("tests/exchange", word)
    places += strays("benchmarks", word)
    assert places == []
