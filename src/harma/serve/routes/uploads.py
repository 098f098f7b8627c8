"""POST /v1/uploads: a picture is sent, to be searched by."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict

from harma.errors import BusyError, MediaTypeError
from harma.serve.media_types import BYTES
from harma.serve.problems import responses
from harma.serve.service import Service
from harma.serve.uploads import MEDIA_TYPES, Uploads
from harma.serve.work import WorkQueue

# In which a picture must have come.
SECONDS = 60.0


class UploadAnswer(BaseModel):
    """A picture that is kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0e0c43ab0a3e7e8b3bd1f2bd95fa30f3",
                    "width": 1024,
                    "height": 683,
                    "expires": "2026-11-26T17:00:00Z",
                }
            ]
        }
    )

    id: str
    width: int
    height: int
    expires: AwareDatetime


def routes(service: Service) -> APIRouter:
    """Where pictures are sent."""
    router = APIRouter(tags=["uploads"])
    arriving = Arriving(service.uploads, service.upload_work)

    @router.post(
        "/v1/uploads",
        status_code=201,
        operation_id="upload_picture",
        summary="Send a picture to search by; it is kept for an hour",
        responses=responses(413, 415, 422, 503),
        openapi_extra={"requestBody": _body()},
    )
    async def upload_picture(request: Request) -> UploadAnswer:
        """Send the bytes of a PNG, JPEG, WebP or TIFF.

        Of several pages or frames the first is kept, upright, as 8-bit RGB, its longer side 1,024
        pixels at most. Searches name it by the id: `{"image": {"upload": ID}}`. A GeoTIFF of bands
        or of more than 8 bits is kept as it is, and read as the index that is searched reads its
        scenes: its bands where the model reads bands.
        """
        upload = await arriving.received(request)
        return UploadAnswer.model_validate(upload, from_attributes=True)

    return router


class Arriving:
    """Receives pictures: a few at a time, each in time, none larger than it may be.

    Args:
        uploads: that keep them.
        work: decodes them.
        seconds: that one may take to come.
    """

    def __init__(self, uploads: Uploads, work: WorkQueue, *, seconds: float = SECONDS) -> None:
        self.uploads = uploads
        self.work = work
        self.seconds = seconds
        self.num_inside = 0

    async def received(self, request: Request) -> Any:
        """Keep the picture of a request.

        Raises:
            BusyError: others are being received, or it does not come.
            MediaTypeError: it is of no type that is read.
            TooLargeError: it has too many bytes or pixels.
            QueryError: it cannot be decoded.
        """
        _check_type(request)
        self.uploads.check_size(_said_length(request))
        # Counted before the first byte is read: what waits is held in memory.
        if self.num_inside >= self.work.most:
            raise BusyError(f"{self.work.most} pictures are being received; try again soon")
        self.num_inside += 1
        try:
            body = await self._read(request)
            return await self.work.run(lambda: self.uploads.add(body))
        finally:
            self.num_inside -= 1

    async def _read(self, request: Request) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(self.seconds):
                async for chunk in request.stream():
                    body += chunk
                    self.uploads.check_size(len(body))
        except TimeoutError as error:
            raise BusyError(
                f"the picture did not come within {self.seconds:.0f} seconds; try again"
            ) from error
        return bytes(body)


def _check_type(request: Request) -> None:
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said not in MEDIA_TYPES:
        raise MediaTypeError(
            f"the content type is {said[:100]!r}; pictures are sent as {', '.join(MEDIA_TYPES)}"
        )


def _said_length(request: Request) -> int:
    """The length that a request says it has; 0 if it does not."""
    said = request.headers.get("content-length", "")
    if said.isascii() and said.isdigit():
        return int(said)
    return 0


def _body() -> dict[str, Any]:
    """What the body is, in OpenAPI."""
    return {"required": True, "content": dict.fromkeys(MEDIA_TYPES, BYTES)}
