"""Names of indexes in addresses, from their folders."""

import re

from harma.ground.storage.home import Place, home_of

# What is no letter, digit, - or _.
OTHER_SIGNS = re.compile(r"[^A-Za-z0-9_-]+")


def name_of(place: Place) -> str:
    """What an index is called in addresses where nobody says it: as its folder."""
    return OTHER_SIGNS.sub("-", home_of(place).name).strip("-")
