"""What annotation files say: annotations, the rows they come from, and problems."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Something in the data that cannot be used.

    Attributes:
        file: the annotation file, as the description names it.
        row: where in it: "row 17" (from 0, as in the JSON list) or "line 3" (from 1, in text); "":
            the file as a whole.
        what: what is wrong, what is allowed.
    """

    file: str
    row: str
    what: str

    def __str__(self) -> str:
        return f"{RowPlace(self.file, self.row)}: {self.what}"


@dataclass(frozen=True)
class RowPlace:
    """Where something is annotated; see `Problem`."""

    file: str
    row: str = ""

    def __str__(self) -> str:
        return f"{self.file} {self.row}" if self.row else self.file

    def problem(self, what: str) -> Problem:
        """A problem of this place."""
        return Problem(self.file, self.row, what)


@dataclass(frozen=True)
class Annotation:
    """An image and some of its captions: what one row of an annotation file gives.

    Attributes:
        place: the row.
        image: path relative to the image root, as annotated.
        captions: as annotated.
        image_id: the file's own number of the image, or None.
        label: number of the class, or None.
        label_name: name of the class, or None.
        whole: the row has all captions of its image, so that no other row of the file may name the
            image.
        faulty: problems of this row were given, and some of its captions may be missing.
    """

    place: RowPlace
    image: str
    captions: tuple[str, ...]
    image_id: int | None = None
    label: int | None = None
    label_name: str | None = None
    whole: bool = False
    faulty: bool = False
