"""Wording of a scene, composed from what was drawn: each sentence says a part of it, no more."""

import numpy as np

from harma.data.synthetic.scenes import DrawnScene, Group

NUMBERS = {1: "a", 2: "two", 3: "three", 4: "four"}
GROUND_PHRASES = {
    "grassland": ("on grassland", "in a meadow"),
    "farmland": ("amid farmland", "between fields"),
    "forest": ("in a forest", "surrounded by woods"),
    "bare land": ("on bare land", "on brown soil"),
    "sand": ("on sand", "in the desert"),
}
ATTEMPTS = 40  # for each caption


def scene_captions(scene: DrawnScene, count: int, rng: np.random.Generator) -> list[str]:
    """Write captions for a scene.

    Args:
        scene: what is there.
        count: how many; all different.
        rng: chooses words and what is told.

    Returns:
        Lower-case captions without punctuation.
    """
    captions: dict[str, None] = {}
    for attempt in range(count * ATTEMPTS):
        if len(captions) == count:
            break
        sentence = _sentence(scene, rng)
        # A scene with little in it allows few sentences: then how it was seen tells them apart.
        if attempt >= count * ATTEMPTS // 2:
            sentence = f"{_view(rng)} {sentence}"
        captions[sentence] = None
    return list(captions)


def _sentence(scene: DrawnScene, rng: np.random.Generator) -> str:
    """A caption that tells the ground, the line or the groups; most tell two of them."""
    ground = str(rng.choice(GROUND_PHRASES[scene.ground]))
    groups = []
    for group in scene.groups:
        place = "on the sea" if group.kind == "ship" else ground
        groups.append((_group(group, rng), place))
    rng.shuffle(groups)
    line = ""
    if scene.line:
        line = _line(scene, rng)
    both = " and ".join(phrase for phrase, _ in groups)
    first, place = groups[0]
    options = [f"{first} {place}"]
    if all(where == ground for _, where in groups):
        verb = "is" if both.startswith(("a ", "an ")) else "are"
        options += [f"{both} {ground}", f"there {verb} {both} {ground}"]
    if line:
        with_line = [
            f"{line} with {both}",
            f"{first} near {line}",
            f"{line} {ground} with {first}",
        ]
        # Twice, so that most captions of a scene with a line tell it.
        options += with_line * 2
    return str(rng.choice(options))


def _group(group: Group, rng: np.random.Generator) -> str:
    """Such as "two red houses in the north west"."""
    noun = group.kind
    roof = f"a {group.color} roof"
    if group.count > 1:
        noun = f"{group.kind}s"
        roof = f"{group.color} roofs"
    described = f"{group.color} {noun}".strip()
    if group.kind == "house" and rng.random() < 0.4:
        described = f"{noun} with {roof}"
    number = NUMBERS[group.count]
    if number == "a" and described[0] in "aeiou":
        number = "an"
    place = ""
    if rng.random() < 0.6:
        place = f" in the {group.quarter}"
    return f"{number} {described}{place}"


def _line(scene: DrawnScene, rng: np.random.Generator) -> str:
    """Such as "a river from north to south"."""
    name = f"a {scene.line}"
    course = f"{name} from {scene.direction}"
    phrases = [course, f"{name} running {scene.direction}", name]
    if scene.line == "coast":
        phrases = [
            f"a coast with the sea in the {scene.sea}",
            f"a beach with water on the {scene.sea} side",
        ]
    elif scene.bridge and rng.random() < 0.7:
        phrases = [f"a bridge over {course}", f"{name} with a bridge"]
    return str(rng.choice(phrases))


def _view(rng: np.random.Generator) -> str:
    return str(rng.choice(("an aerial picture of", "seen from above", "a satellite image of")))
