"""What surfaces reflect: the colours a scene is drawn in."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Material:
    """A surface.

    Attributes:
        bands: reflectance in blue, green, red and near infrared, 0 to 1. Invented, but with the
            order of real ones: plants are bright in the infrared, water is dark there.
        texture: how much it varies from place to place, relative.
        grows: whether plants grow on it, so that seasons change it.
    """

    bands: tuple[float, float, float, float]
    texture: float = 0.06
    grows: bool = False


MATERIALS = {
    "grass": Material((0.20, 0.42, 0.24, 0.80), 0.10, grows=True),
    "wheat": Material((0.28, 0.52, 0.50, 0.62), 0.08, grows=True),
    "maize": Material((0.14, 0.34, 0.16, 0.88), 0.10, grows=True),
    "ploughed": Material((0.26, 0.32, 0.42, 0.46), 0.10),
    "forest": Material((0.09, 0.22, 0.10, 0.66), 0.45, grows=True),
    "tree": Material((0.07, 0.25, 0.08, 0.74), 0.25, grows=True),
    "soil": Material((0.38, 0.46, 0.58, 0.60), 0.12),
    "sand": Material((0.60, 0.74, 0.84, 0.86), 0.07),
    "water": Material((0.42, 0.32, 0.14, 0.04), 0.06),
    "pool": Material((0.88, 0.80, 0.30, 0.08), 0.03),
    "asphalt": Material((0.30, 0.30, 0.31, 0.28), 0.06),
    "concrete": Material((0.62, 0.64, 0.66, 0.62), 0.05),
    "ballast": Material((0.40, 0.42, 0.46, 0.42), 0.16),
    "steel": Material((0.17, 0.16, 0.17, 0.15), 0.04),
    "paint": Material((0.95, 0.95, 0.95, 0.90), 0.02),
    "glass": Material((0.78, 0.86, 0.80, 0.70), 0.08),
    "panel": Material((0.34, 0.17, 0.12, 0.16), 0.05),
    "clay": Material((0.24, 0.42, 0.72, 0.66), 0.06),
    "red": Material((0.18, 0.20, 0.76, 0.60), 0.05),
    "blue": Material((0.80, 0.42, 0.16, 0.34), 0.05),
    "white": Material((0.92, 0.93, 0.93, 0.80), 0.03),
    "grey": Material((0.50, 0.50, 0.50, 0.44), 0.05),
    "brown": Material((0.15, 0.24, 0.38, 0.48), 0.06),
    "yellow": Material((0.16, 0.78, 0.92, 0.74), 0.05),
    "green": Material((0.24, 0.55, 0.18, 0.30), 0.05),
}
MATERIAL_NAMES = tuple(MATERIALS)
MATERIAL_INDEX = {name: index for index, name in enumerate(MATERIAL_NAMES)}
