"""Which descriptors may have a large product in any mirrored way: bounds, so that few are computed.

Mirroring a picture changes the sign of its odd frequencies. A descriptor is therefore split by
whether its frequencies are even or odd, down and across. The product of two descriptors, one of
them mirrored in any of the four ways, is then

    even ± across ± down ± both  ≤  even + |across| + |down| + |both|

where each is the product of a part alone, and |both| is at most the product of the parts' lengths
(Cauchy–Schwarz), which is one more entry of the first part. So three matrix products of 16 entries
bound four of 63, and lose nothing: what is over the bound is computed in full.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harma.curation.audit.descriptors import FREQUENCIES

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

ROUNDING = 1e-5
"""More than sums of 63 floats of four bytes, each sum at most 1, are off."""
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
)


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
    query: SplitDescriptors, keys: SplitDescriptors, least: float
) -> tuple[Ints, Ints, Ints, Floats]:
    """Pairs of a query, mirrored in some way, and a key whose product is large.

    Args:
        query: Q descriptors, of which Q × K floats fit the processor's cache.
        keys: K descriptors.
        least: the product from which a pair counts.

    Returns:
        Of each pair: the query, the key, the way (0 as it is, 1 mirrored left to right, 2 upside
        down, 3 both) and the product, which is exact: it depends on nothing but the pair.
    """
    bound = query.even @ keys.even.T
    product = query.across @ keys.across.T
    bound += np.abs(product, out=product)
    np.matmul(query.down, keys.down.T, out=product)
    bound += np.abs(product, out=product)
    # Flat first: `nonzero` of two dimensions takes twice the time.
    possible = np.flatnonzero(bound >= least - ROUNDING)
    row, column = np.divmod(possible, len(keys.whole))
    starts = range(0, max(1, len(row)), AT_ONCE)
    parts = [
        _in_full(query.whole, keys.whole, row[i : i + AT_ONCE], column[i : i + AT_ONCE], least)
        for i in starts
    ]
    rows, columns, ways, products = (np.concatenate(values) for values in zip(*parts, strict=True))
    return rows, columns, ways, products


def _in_full(
    query: Floats, keys: Floats, row: Ints, column: Ints, least: float
) -> tuple[Ints, Ints, Ints, Floats]:
    """The same of some pairs, without a bound."""
    entries = query[row] * keys[column]
    near = entries @ _MIRRORED.astype(np.float32)
    pair, way = np.nonzero(near >= least - ROUNDING)
    # In floats of eight bytes, where every product of two entries is exact, for the few that are
    # left: the order of pairs must not depend on how a matrix product adds.
    exact = query[row[pair]].astype(np.float64) * keys[column[pair]]
    product = np.einsum("pd,dp->p", exact, _MIRRORED[:, way]).astype(np.float32)
    large = product >= least
    pair = pair[large]
    return row[pair], column[pair], way[large], product[large]
