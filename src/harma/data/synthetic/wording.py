"""Captions of a scene, composed from what was drawn: each says a part of it, and nothing else."""

import numpy as np

from harma.data.synthetic.scenes import Group, Scene

NUMBERS = {1: "a", 2: "two", 3: "three", 4: "four"}
GROUND_PHRASES = {
    "grassland": ("on grassland", "in a meadow"),
    "farmland": ("amid farmland", "between fields"),
    "forest": ("in a forest", "surrounded by woods"),
    "bare land": ("on bare land", "on brown soil"),
    "sand": ("on sand", "in the desert"),
}
ATTEMPTS = 40


def scene_captions(scene: Scene, count: int, rng: np.random.Generator) -> list[str]:
    """Write captions for a scene.

    Args:
        scene: what is there.
        count: how many; all different.
        rng: chooses words and what is told.

    Returns:
        Lower-case captions without punctuation.
    """
    found: dict[str, None] = {}
    for attempt in range(count * ATTEMPTS):
        if len(found) == count:
            break
        sentence = _sentence(scene, rng)
        # A scene with little in it allows few sentences: then how it was seen tells them apart.
        found[sentence if attempt < count * ATTEMPTS // 2 else f"{_view(rng)} {sentence}"] = None
    return list(found)


def _sentence(scene: Scene, rng: np.random.Generator) -> str:
    """A caption that tells the ground, the line or the groups; most tell two of them."""
    ground = str(rng.choice(GROUND_PHRASES[scene.ground]))
    groups = [
        (_group(group, rng), "on the sea" if group.kind == "ship" else ground)
        for group in scene.groups
    ]
    rng.shuffle(groups)
    line = _line(scene, rng) if scene.line else ""
    both = " and ".join(phrase for phrase, _ in groups)
    first, place = groups[0]
    options = [f"{first} {place}"]
    if all(where == ground for _, where in groups):
        options += [
            f"{both} {ground}",
            f"there {'is' if both.startswith(('a ', 'an ')) else 'are'} {both} {ground}",
        ]
    if line:
        options += [
            f"{line} with {both}",
            f"{first} near {line}",
            f"{line} {ground} with {first}",
        ] * 2
    return str(rng.choice(options))


def _group(group: Group, rng: np.random.Generator) -> str:
    """Such as "two red houses in the north west"."""
    noun = group.kind if group.count == 1 else group.kind + "s"
    described = f"{group.color} {noun}".strip()
    if group.kind == "house" and rng.random() < 0.4:
        described = (
            f"{noun} with {'a ' if group.count == 1 else ''}{group.color}"
            f" roof{'s' if group.count > 1 else ''}"
        )
    number = NUMBERS[group.count]
    if number == "a" and described[0] in "aeiou":
        number = "an"
    place = f" in the {group.quarter}" if rng.random() < 0.6 else ""
    return f"{number} {described}{place}"


def _line(scene: Scene, rng: np.random.Generator) -> str:
    """Such as "a river from north to south"."""
    if scene.line == "coast":
        return str(
            rng.choice(
                (
                    f"a coast with the sea in the {scene.sea}",
                    f"a beach with water on the {scene.sea} side",
                )
            )
        )
    name = f"a {scene.line}"
    if scene.bridge and rng.random() < 0.7:
        return str(
            rng.choice((f"a bridge over {name} from {scene.direction}", f"{name} with a bridge"))
        )
    return str(
        rng.choice((f"{name} from {scene.direction}", f"{name} running {scene.direction}", name))
    )


def _view(rng: np.random.Generator) -> str:
    return str(rng.choice(("an aerial picture of", "seen from above", "a satellite image of")))
