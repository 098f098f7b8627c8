"""A surveyor that some files end, or make raise what does not travel; and no start of a worker."""

import os
from dataclasses import dataclass

from harma.index.look import Surveyor


class OddError(Exception):
    """It cannot be made again from its arguments."""

    def __init__(self, first, second):
        super().__init__(f"{first}, {second}")


@dataclass(frozen=True)
class OddSurveyor(Surveyor):
    def look(self, group):
        if any("deadly" in item.source.name for item in group):
            os._exit(11)
        if any("odd" in item.source.name for item in group):
            raise OddError("one", "two")
        return super().look(group)


class NoStart:
    @classmethod
    def here(cls):
        return cls()

    def __call__(self):
        os._exit(12)
