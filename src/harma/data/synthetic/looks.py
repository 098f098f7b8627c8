"""Looks: how the same ground appears under another sensor, sun or season."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harma.data.synthetic.materials import MATERIAL_NAMES, MATERIALS

BLUE, GREEN, RED, INFRARED = range(4)
# What seasons make of plants, in the same bands.
DRY = np.array([0.30, 0.48, 0.56, 0.58])
SNOW = np.array([0.92, 0.90, 0.88, 0.72])
# Open ground; trees hold less than it, roofs, roads and water none.
HOLDS_SNOW = {name: 1.0 for name in MATERIAL_NAMES if MATERIALS[name].grows}
HOLDS_SNOW |= {"ploughed": 1.0, "soil": 1.0, "sand": 1.0, "forest": 0.35, "tree": 0.35}


@dataclass(frozen=True)
class Look:
    """How a scene is seen.

    Attributes:
        bands: which band is shown as red, green and blue.
        sun: direction shadows fall, (right, down), in multiples of an object's height.
        shadow: light left in the shadow, 0 to 1.
        dry: how far plants have turned to straw, 0 to 1.
        snow: how much of the open ground lies under snow, 0 to 1.
        haze: veil over everything, 0 to 1.
        noise: standard deviation of the sensor's noise, of full scale.
        gain: brightness.
    """

    bands: tuple[int, int, int] = (RED, GREEN, BLUE)
    sun: tuple[float, float] = (0.7, 0.5)
    shadow: float = 0.45
    dry: float = 0.0
    snow: float = 0.0
    haze: float = 0.0
    noise: float = 0.015
    gain: float = 1.0

    def reflectance(self) -> NDArray[np.float32]:
        """Reflectance of every material in this season: (materials, 4).

        In the order of `materials.NAMES`.
        """
        table = np.array([MATERIALS[name].bands for name in MATERIAL_NAMES])
        for row, name in enumerate(MATERIAL_NAMES):
            # Straw first: snow lies on what the plants have become.
            if MATERIALS[name].grows:
                table[row] += self.dry * (DRY - table[row])
            table[row] += self.snow * HOLDS_SNOW.get(name, 0.0) * (SNOW - table[row])
        return table.astype(np.float32)


LOOKS = {
    "summer": Look(),
    "infrared": Look(bands=(INFRARED, RED, GREEN), sun=(-0.6, 0.5), shadow=0.35, haze=0.05),
    "drought": Look(dry=0.85, haze=0.18, sun=(0.3, 0.3), shadow=0.6, gain=1.08),
    "winter": Look(snow=0.8, sun=(0.9, -0.9), shadow=0.5, noise=0.02, gain=0.95),
}
