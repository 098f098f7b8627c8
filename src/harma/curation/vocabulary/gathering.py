"""Gathering texts of several data sets and files in one list, with image and class of each."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from harma.curation.raw import RawImage


@dataclass
class GatheredCaptions:
    """M captions of N images, as `build_vocabulary` takes them.

    Attributes:
        captions: (M,) as annotated.
        images: (M,) number of the image of each caption.
        labels: (M,) label of the image, None where it has none.
    """

    captions: list[str] = field(default_factory=list)
    images: list[int] = field(default_factory=list)
    labels: list[str | None] = field(default_factory=list)
    num_images: int = 0

    def add_texts(self, texts: Iterable[str]) -> None:
        """Captions of nothing that is known: each has an image of its own, without a label."""
        self.add_images(RawImage("", (text,)) for text in texts)

    def add_images(self, images: Iterable[RawImage]) -> None:
        """The captions of images."""
        # Numbered on, whatever data set they come from: equal names in two are two images.
        for image in images:
            num_captions = len(image.captions)
            self.captions += image.captions
            self.images += [self.num_images] * num_captions
            self.labels += [image.class_name] * num_captions
            self.num_images += 1
