"""Scenes whose surfaces look alike in red, green and blue, and differ in near infrared; captions.

Each scene is a ground with three patches in its quarters. Patches are of two families: what is
green (a meadow, a sports field of plastic, a painted roof) and what is dark (a pond, burnt ground,
a conifer wood). Within a family all reflect the same visible light, with the same texture and the
same shapes; only near infrared tells them apart. Numbers are invented, but with the order of real
ones: leaves are bright in the infrared, paint is not, and water is black there.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harma.data.synthetic.canvas import Canvas, ellipse, rectangle
from harma.data.synthetic.drawing import MIDDLES, smooth_noise
from harma.data.synthetic.scenes import QUARTERS

BANDS = ("B02", "B03", "B04", "B08")
# Family → what all of it reflects in blue, green and red.
VISIBLE = {
    "green": (0.045, 0.095, 0.050),
    "dark": (0.030, 0.034, 0.031),
    "sand": (0.150, 0.200, 0.245),
    "soil": (0.075, 0.100, 0.130),
    "gravel": (0.130, 0.140, 0.150),
}
NUM_PATCHES = 3
# Relative: how much light varies from patch to patch, and from place to place.
BRIGHTER = 0.12
TEXTURE = 0.08
NOISE = 0.004


@dataclass(frozen=True)
class Surface:
    """What a ground or patch is.

    Attributes:
        family: of `VISIBLE`.
        infrared: reflectance in near infrared.
        phrases: how it is called.
    """

    family: str
    infrared: float
    phrases: tuple[str, ...]


PATCHES = {
    "meadow": Surface("green", 0.42, ("a meadow", "a green meadow", "a field of grass")),
    "sports field": Surface("green", 0.08, ("a sports field of plastic turf", "artificial turf")),
    "green roof": Surface("green", 0.20, ("a roof painted green", "a large green roof")),
    "pond": Surface("dark", 0.015, ("a pond", "a small lake", "still water")),
    "burnt ground": Surface("dark", 0.12, ("burnt ground", "a burnt field", "a fire scar")),
    "conifers": Surface("dark", 0.28, ("a conifer wood", "dark conifers", "a spruce plantation")),
}
GROUNDS = {
    "sand": Surface("sand", 0.29, ("on sand", "amid sand")),
    "soil": Surface("soil", 0.17, ("on bare soil", "between ploughed fields")),
    "gravel": Surface("gravel", 0.16, ("on gravel", "in a gravel pit")),
}
SURFACES = {**GROUNDS, **PATCHES}
NUMBERS = {name: number for number, name in enumerate(SURFACES)}


@dataclass(frozen=True)
class SpectralScene:
    """What is there.

    Attributes:
        ground: one of `GROUNDS`.
        patches: quarter → one of `PATCHES`.
        seed: of everything that has no word.
    """

    ground: str
    patches: dict[str, str]
    seed: int


def make_spectral_scene(rng: np.random.Generator) -> SpectralScene:
    """Decide what is in a scene.

    Args:
        rng: decides; the same state gives the same scene.
    """
    ground = str(rng.choice(list(GROUNDS)))
    quarters = [str(quarter) for quarter in rng.permutation(QUARTERS)[:NUM_PATCHES]]
    kinds = [str(kind) for kind in rng.choice(list(PATCHES), NUM_PATCHES, replace=False)]
    patches = dict(zip(quarters, kinds, strict=True))
    return SpectralScene(ground, patches, int(rng.integers(2**31)))


def spectral_captions(scene: SpectralScene, count: int, rng: np.random.Generator) -> list[str]:
    """Write captions for a scene.

    Args:
        scene: what is there.
        count: how many.
        rng: chooses words, and which patch is told first.

    Returns:
        Lower-case captions without punctuation; each tells all patches.
    """
    captions = []
    for _ in range(count):
        told = []
        for quarter in rng.permutation(list(scene.patches)):
            phrase = str(rng.choice(PATCHES[scene.patches[str(quarter)]].phrases))
            told.append(f"{phrase} in the {quarter}")
        ground = str(rng.choice(GROUNDS[scene.ground].phrases))
        captions.append(f"{' and '.join(told)} {ground}")
    return captions


def draw_reflectance(scene: SpectralScene, size: int) -> NDArray[np.float32]:
    """Draw a scene as a sensor of four bands sees it.

    Args:
        scene: what is there.
        size: height and width, pixels.

    Returns:
        Reflectance (4, size, size) in the order of `BANDS`.
    """
    rng = np.random.default_rng(scene.seed)
    canvas = Canvas(size, (0.0, 0.0))
    canvas.cover(np.full((size, size), NUMBERS[scene.ground], dtype=np.uint8))
    labels, _ = canvas.arrays()
    labels = labels.copy()
    light = np.full((size, size), 1 + BRIGHTER * rng.uniform(-1, 1), dtype=np.float32)
    for quarter, kind in scene.patches.items():
        # What it is has no say in its shape, size and brightness.
        covered = _patch(size, quarter, rng)
        labels[covered] = NUMBERS[kind]
        light[covered] = 1 + BRIGHTER * rng.uniform(-1, 1)
    light *= 1 + TEXTURE * smooth_noise(rng, size, 4)
    reflectance = np.moveaxis(_table()[labels], -1, 0) * light
    noisy = reflectance + NOISE * rng.standard_normal(reflectance.shape)
    return np.clip(noisy, 0, 1).astype(np.float32)


def _table() -> NDArray[np.float32]:
    """Reflectance of every surface in the order of `BANDS`: (surfaces, 4)."""
    rows = [(*VISIBLE[surface.family], surface.infrared) for surface in SURFACES.values()]
    return np.array(rows, dtype=np.float32)


def _patch(size: int, quarter: str, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Where a patch lies, (size, size)."""
    x, y = MIDDLES[quarter]
    middle = (x + float(rng.uniform(-0.04, 0.04)), y + float(rng.uniform(-0.04, 0.04)))
    width, height = rng.uniform(0.24, 0.38, 2)
    outline = rectangle if rng.random() < 0.5 else ellipse
    corners = outline(middle, float(width), float(height), float(rng.uniform(0, np.pi)))
    # A canvas of its own, of which any material says what is covered.
    canvas = Canvas(size, (0.0, 0.0))
    canvas.area(corners, "water")
    labels, _ = canvas.arrays()
    covered: NDArray[np.bool_] = labels != 0
    return covered
