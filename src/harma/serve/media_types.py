"""Media types of what the API answers with, and how OpenAPI says that something is bytes."""

from typing import Any

GEOJSON = "application/geo+json"
JSON = "application/json"
CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
JPEG = "image/jpeg"
BYTES = {"schema": {"type": "string", "format": "binary"}}


def jpeg_response(about: str) -> dict[int | str, dict[str, Any]]:
    """What an operation that answers with a picture says in OpenAPI."""
    return {200: {"description": about, "content": {JPEG: BYTES}}}
