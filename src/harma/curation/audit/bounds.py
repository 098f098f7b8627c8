"""Which descriptors may have a large product in any mirrored way: bounds, so that few are computed.

Mirroring a picture changes the sign of its odd frequencies. A descriptor is therefore split by
whether its frequencies are even or odd, down and across. The product of two descriptors, one of
them mirrored in any of the four ways, is then

    even ± across ± down ± both  ≤  even + |across| + |down| + |both|

where each is the product of a part alone, and |both| is at most the product of the parts' lengths
(Cauchy–Schwarz), which is one more entry of the first part. So three matrix products of 16 entries
bound four of 63, and lose nothing: what is over the bound is computed in full.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harma.curation.audit.descriptors import FREQUENCIES

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

ROUNDING = 1e-5
"""More than sums of 63 floats of four bytes, each sum at most 1, are off."""
COLUMNS = 1024  # keys that are compared at once; the products nearly fit the processor's cache
AT_ONCE = 16_384  # pairs whose products are computed in full at a time: 4 MB for each side

# Parities of frequencies down and across, of each entry of a descriptor (which has no mean).
_ODD_DOWN, _ODD_ACROSS = (
    parity.reshape(-1)[1:] == 1 for parity in np.indices((FREQUENCIES, FREQUENCIES)) % 2
)
# (63, 4): the sign of each entry as it is, left to right, upside down, both: the order of TURNS.
_MIRRORED = np.stack(
    [
        np.ones(len(_ODD_DOWN)),
        np.where(_ODD_ACROSS, -1, 1),
        np.where(_ODD_DOWN, -1, 1),
        np.where(_ODD_DOWN != _ODD_ACROSS, -1, 1),
    ],
    axis=1,
).astype(np.float32)


class LargeProducts(NamedTuple):
    """Pairs with a large product.

    Attributes:
        row: (P,) number of the query.
        column: (P,) number of the key.
        way: (P,) 0 for the query as it is, 1 mirrored left to right, 2 upside down, 3 both.
        product: (P,) it depends on nothing but the pair and the way.
    """

    row: Ints
    column: Ints
    way: Ints
    product: Floats


@dataclass(frozen=True, eq=False)
class SplitDescriptors:
    """Descriptors with what bounds their products.

    Attributes:
        whole: (N, 63) the descriptors.
        even: (N, 16) entries of even frequencies, and the length of those odd in both directions.
        across: (N, 16) entries odd across alone.
        down: (N, 16) entries odd down alone.
    """

    whole: Floats
    even: Floats
    across: Floats
    down: Floats

    @classmethod
    def of(cls, descriptors: Floats) -> "SplitDescriptors":
        """Descriptors (N, 63) split."""
        both = descriptors[:, _ODD_DOWN & _ODD_ACROSS]
        length = np.linalg.norm(both, axis=1, keepdims=True)
        even = descriptors[:, ~_ODD_DOWN & ~_ODD_ACROSS]
        return cls(
            whole=descriptors,
            even=np.concatenate([even, length], axis=1),
            across=np.ascontiguousarray(descriptors[:, ~_ODD_DOWN & _ODD_ACROSS]),
            down=np.ascontiguousarray(descriptors[:, _ODD_DOWN & ~_ODD_ACROSS]),
        )

    def part(self, start: int, stop: int) -> "SplitDescriptors":
        """Some of them, as views."""
        rows = slice(start, stop)
        return SplitDescriptors(
            self.whole[rows], self.even[rows], self.across[rows], self.down[rows]
        )


def large_products(
    query: SplitDescriptors, keys: SplitDescriptors, least: float, first_key: int = 0
) -> Iterator[LargeProducts]:
    """Pairs of a query, mirrored in some way, and a key whose product is large.

    Args:
        query: Q descriptors; Q × COLUMNS floats are held at a time.
        keys: K descriptors.
        least: the product from which a pair counts.
        first_key: the first of the keys that is compared.

    Yields:
        Some of the pairs at a time, so that memory is bounded where many are alike.
    """
    waiting: list[tuple[Ints, Ints]] = []
    for left in range(first_key, len(keys.whole), COLUMNS):
        row, column = _possible(query, keys.part(left, left + COLUMNS), least)
        if len(row):
            waiting.append((row, column + left))
        # Few pairs are left of a matrix: those of several are computed together.
        if sum(len(rows) for rows, _ in waiting) >= AT_ONCE:
            yield from _in_full(query.whole, keys.whole, waiting, least)
            waiting = []
    if waiting:
        yield from _in_full(query.whole, keys.whole, waiting, least)


def _possible(query: SplitDescriptors, keys: SplitDescriptors, least: float) -> tuple[Ints, Ints]:
    """Pairs whose bound reaches `least`: the query and the key of each."""
    bound = query.even @ keys.even.T
    product = query.across @ keys.across.T
    bound += np.abs(product, out=product)
    np.matmul(query.down, keys.down.T, out=product)
    bound += np.abs(product, out=product)
    # Flat first: `nonzero` of two dimensions takes twice the time.
    row, column = np.divmod(np.flatnonzero(bound >= least - ROUNDING), bound.shape[1])
    return row, column


def _in_full(
    query: Floats, keys: Floats, waiting: Sequence[tuple[Ints, Ints]], least: float
) -> Iterator[LargeProducts]:
    """Products of pairs in all four ways, without a bound."""
    rows = np.concatenate([row for row, _ in waiting])
    columns = np.concatenate([column for _, column in waiting])
    for start in range(0, len(rows), AT_ONCE):
        row = rows[start : start + AT_ONCE]
        column = columns[start : start + AT_ONCE]
        about = (query[row] * keys[column]) @ _MIRRORED
        pair, way = np.nonzero(about >= least - ROUNDING)
        mirrored = query[row[pair]] * _MIRRORED.T[way]
        product = _summed(mirrored, keys[column[pair]])
        large = product >= least
        chosen = pair[large]
        yield LargeProducts(row[chosen], column[chosen], way[large], product[large])


def _summed(first: Floats, second: Floats) -> Floats:
    """(P,) products of rows, summed entry by entry and rounded once for each.

    Matrix products sum like that where they are fast, but not everywhere: of two ways of a pair
    that are as good it must not depend on the processor, or on what is computed beside it, which
    one is chosen.
    """
    total = np.zeros(len(first), dtype=np.float32)
    # The product of two floats of four bytes is exact in one of eight.
    for one, other in zip(first.T.astype(np.float64), second.T, strict=True):
        total = (one * other + total).astype(np.float32)
    return total
