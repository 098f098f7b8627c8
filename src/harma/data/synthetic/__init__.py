"""Synthetic overhead scenes, drawn and put into words from the same description.

scenes.py says what is there, drawing.py draws it in four bands, looks.py turns bands into a
picture, wording.py writes captions, dataset.py makes a data set of it. landscape.py and
landscape_drawing.py do the same for larger places, of which GeoTIFFs are made.
"""

from harma.data.synthetic.dataset import make_scenes
from harma.data.synthetic.drawing import draw_bands, draw_scene
from harma.data.synthetic.looks import LOOKS, Look
from harma.data.synthetic.scenes import DrawnScene, Group, make_scene
from harma.data.synthetic.wording import scene_captions

__all__ = [
    "LOOKS",
    "DrawnScene",
    "Group",
    "Look",
    "draw_bands",
    "draw_scene",
    "make_scene",
    "make_scenes",
    "scene_captions",
]
