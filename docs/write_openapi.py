"""Writes the description of the HTTP API, as the application gives it, to docs/openapi.json.

    python -m docs.write_openapi [FILE]

The file is reviewed as a contract: a change of the API shows in it, and a test holds both equal.
"""

import json
import sys
from pathlib import Path
from typing import Any

from harma.serve.app import make_app
from harma.serve.service import Service
from harma.serve.settings import ServeSettings

FILE = Path(__file__).parent / "openapi.json"


def document() -> dict[str, Any]:
    """The description, of a server with all its routes and the usual limits."""
    settings = ServeSettings(indexes={}, has_metrics=True)
    return make_app(Service.of(settings)).openapi()


def as_text(described: dict[str, Any]) -> str:
    """The description as the file holds it."""
    return json.dumps(described, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    target.write_text(as_text(document()), encoding="utf-8")
