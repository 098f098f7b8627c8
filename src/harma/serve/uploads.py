"""Uploaded pictures by their ids."""

from harma.index.ask_json import no_upload
from harma.index.embedder import PictureLike


class Uploads:
    """Pictures that clients sent; none are kept yet."""

    def picture(self, upload: str) -> PictureLike:
        """An uploaded picture.

        Raises:
            QueryError: there is none of this id.
        """
        return no_upload(upload)
