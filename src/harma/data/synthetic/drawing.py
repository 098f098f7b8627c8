"""Drawing a scene: a map of materials, shadows, texture, then light."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from harma.data.synthetic.canvas import Canvas
from harma.data.synthetic.looks import Look
from harma.data.synthetic.materials import MATERIAL_NAMES, MATERIALS
from harma.data.synthetic.objects import DRAWERS
from harma.data.synthetic.scenes import DrawnScene, Group
from harma.data.synthetic.terrain import draw_bridge, draw_ground, draw_line

# Drawn this many times finer than asked for, then averaged: soft edges, as a sensor's pixel sees
# them.
OVERSAMPLING = 2
TEXTURE = np.array([MATERIALS[name].texture for name in MATERIAL_NAMES], dtype=np.float32)
# Middle of each quarter, and how far from it the four places of a group are: the middle cross stays
# free for lines.
QUARTER = 0.225
PLACE = 0.098
MIDDLES = {
    "north west": (QUARTER, QUARTER),
    "north east": (1 - QUARTER, QUARTER),
    "south west": (QUARTER, 1 - QUARTER),
    "south east": (1 - QUARTER, 1 - QUARTER),
}


def draw_bands(scene: DrawnScene, look: Look, size: int) -> NDArray[np.float32]:
    """Draw a scene as a sensor with four bands sees it.

    Args:
        scene: what is there.
        look: season and sun.
        size: height and width, pixels.

    Returns:
        Reflectance (size, size, 4) in blue, green, red and near infrared, 0 to 1.
    """
    # From below to above: what is drawn later covers what was drawn before.
    canvas = Canvas(size * OVERSAMPLING, look.sun)
    draw_ground(canvas, scene, _stream(scene, "ground"))
    draw_line(canvas, scene, _stream(scene, "line"))
    if scene.bridge:
        draw_bridge(canvas, scene, _stream(scene, "bridge"))
    for group in scene.groups:
        draw_group(canvas, group, _stream(scene, group.quarter))
    return lit(canvas, look, _stream(scene, "texture"))


def draw_scene(scene: DrawnScene, look: Look, size: int) -> NDArray[np.uint8]:
    """Draw a scene as a picture.

    Args:
        scene: what is there.
        look: sensor, season, sun and air.
        size: height and width, pixels.

    Returns:
        (size, size, 3), three of the bands as red, green and blue.
    """
    return seen(draw_bands(scene, look, size), look, _stream(scene, "sensor"))


def lit(canvas: Canvas, look: Look, rng: np.random.Generator) -> NDArray[np.float32]:
    """What a canvas reflects in the sun, averaged from its `OVERSAMPLING`.

    Args:
        canvas: a multiple of `OVERSAMPLING` in size.
        look: season and sun.
        rng: of the texture.

    Returns:
        Reflectance (size, size, 4) in blue, green, red and near infrared, 0 to 1.
    """
    labels, shade = canvas.arrays()
    texture = 1 + TEXTURE[labels] * _noise(rng, canvas.size)
    # Full shade leaves the share `shadow` of the light.
    light = texture * (1 - shade * (1 - look.shadow))
    bands = look.reflectance()[labels] * light[..., None]
    size = canvas.size // OVERSAMPLING
    averaged = bands.reshape(size, OVERSAMPLING, size, OVERSAMPLING, 4).mean(axis=(1, 3))
    reflectance: NDArray[np.float32] = np.clip(averaged, 0, 1)
    return reflectance


def seen(
    reflectance: NDArray[np.float32], look: Look, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """What a sensor makes of reflectance (H, W, 4): a picture (H, W, 3)."""
    picture = reflectance[..., list(look.bands)] * look.gain
    # Air, then sensor: noise is not veiled.
    picture += look.haze * (0.75 - picture)
    picture += look.noise * rng.standard_normal(picture.shape)
    pixels: NDArray[np.uint8] = np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    return pixels


def _stream(scene: DrawnScene, part: str) -> np.random.Generator:
    """Random numbers of a part of the scene.

    Each has its own: what is added to one part leaves the others as they were.
    """
    return np.random.default_rng((scene.seed, *part.encode()))


def draw_group(canvas: Canvas, group: Group, rng: np.random.Generator) -> None:
    """Draw the objects of a group, each in a place of its own within the quarter."""
    middle_x, middle_y = MIDDLES[group.quarter]
    offsets = _offsets(group.count, rng)
    # Houses of a street, courts of a club: one direction for a group.
    angle = float(rng.uniform(-0.3, 0.3) + rng.integers(2) * np.pi / 2)
    draw = DRAWERS[group.kind]
    for x, y in offsets:
        draw(canvas, (middle_x + float(x), middle_y + float(y)), angle, group.color, rng)


def _offsets(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(count, 2): where the objects of a group stand about its middle; one alone stands near it."""
    if count == 1:
        return rng.uniform(-0.04, 0.04, (1, 2))
    corners = np.array([(-1, -1), (1, 1), (-1, 1), (1, -1)]) * PLACE
    chosen = rng.permutation(corners)[:count]
    offsets: NDArray[np.float64] = chosen + rng.uniform(-0.015, 0.015, (count, 2))
    return offsets


def _noise(rng: np.random.Generator, size: int) -> NDArray[np.float32]:
    """Texture (size, size): grains of two sizes, about unit variance."""
    fine = smooth_noise(rng, size, 2 * OVERSAMPLING)
    coarse = smooth_noise(rng, size, 10 * OVERSAMPLING)
    return (0.8 * fine + 0.6 * coarse).astype(np.float32)


def smooth_noise(rng: np.random.Generator, size: int, grain: int) -> NDArray[np.float32]:
    """Noise (size, size) that varies over so many pixels, about unit variance."""
    count = max(2, size // grain)
    small = rng.standard_normal((count, count)).astype(np.float32)
    image = Image.fromarray(small).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(image, dtype=np.float32)
