"""Distributed evaluation: several processes that embed a split together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
T = TypeVar("T")


@dataclass(frozen=True)
class Share:
    """A process's part of the work: every `of`-th item, from `number` on.

    Attributes:
        number: of this process, from 0.
        of: processes.
        gather: takes what this process has (n, E), gives what all have (of, n, E); called by all at
            the same time.
    """

    number: int
    of: int
    gather: Callable[[Floats], Floats]

    def items(self, everything: Sequence[T]) -> list[T]:
        """The items of this process."""
        return list(everything[self.number :: self.of])

    def join(self, part: Floats, total: int) -> Floats:
        """Bring the embeddings of all processes together, in the order of the items.

        Args:
            part: embeddings of this process's items (n, E).
            total: N, items of all processes.

        Returns:
            (N, E), in every process.
        """
        # Gathering takes arrays of one size, so a short part is filled up and cut again.
        longest = -(-total // self.of)
        padded = np.zeros((longest, part.shape[1]), dtype=np.float32)
        padded[: len(part)] = part
        gathered = self.gather(padded)
        # Item i is number i // of of process i % of: process by process becomes item by item.
        return np.ascontiguousarray(gathered.transpose(1, 0, 2).reshape(-1, part.shape[1])[:total])
