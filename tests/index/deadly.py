"""A surveyor that some files end."""

import os
from dataclasses import dataclass

from harma.index.look import Surveyor


@dataclass(frozen=True)
class DeadlySurveyor(Surveyor):
    def look(self, group):
        if any("deadly" in asked.source.name for asked in group):
            os._exit(11)
        return super().look(group)
