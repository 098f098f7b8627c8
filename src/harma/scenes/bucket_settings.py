"""GDAL's settings for buckets: endpoint, region and accounts by the names that other programs use.

What is set once for LanceDB, obstore and the vendors' own programs (AWS_ENDPOINT_URL, for MinIO and
the like) holds for scenes too. GDAL's own variables go before, where they are set.
"""

import os
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from harma.ground.storage.credentials import s3_endpoint

# What the vendors' programs and obstore call it → what GDAL does.
NAMES = {
    "AWS_DEFAULT_REGION": "AWS_REGION",
    "AWS_SKIP_SIGNATURE": "AWS_NO_SIGN_REQUEST",
    "AZURE_STORAGE_ACCOUNT_NAME": "AZURE_STORAGE_ACCOUNT",
    "AZURE_STORAGE_ACCOUNT_KEY": "AZURE_STORAGE_ACCESS_KEY",
    "AZURE_STORAGE_SAS_KEY": "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_SKIP_SIGNATURE": "AZURE_NO_SIGN_REQUEST",
    "GOOGLE_SERVICE_ACCOUNT": "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_SERVICE_ACCOUNT_PATH": "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_SKIP_SIGNATURE": "GS_NO_SIGN_REQUEST",
}
VENDORS = ("AWS_", "AZURE_", "GOOGLE_", "GS_")
YES = frozenset(("1", "true", "yes", "on"))
SWITCHES = frozenset(("AWS_NO_SIGN_REQUEST", "AZURE_NO_SIGN_REQUEST", "GS_NO_SIGN_REQUEST"))


def bucket_settings() -> dict[str, str]:
    """What GDAL is told of buckets, beside its own variables."""
    seen = [(name, value) for name, value in os.environ.items() if name.startswith(VENDORS)]
    return dict(_settings(tuple(sorted(seen))))


@lru_cache(8)
def _settings(seen: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """What these variables say: asked for each scene that is opened, and mostly the same."""
    environment = dict(seen)
    settings = {}
    for name, of_gdal in NAMES.items():
        value = environment.get(name, "")
        if of_gdal in SWITCHES:
            value = "YES" if _is_on(value) else ""
        if value:
            settings[of_gdal] = value
    return settings | _endpoint(environment)


def _endpoint(environment: Mapping[str, str]) -> dict[str, str]:
    endpoint = s3_endpoint()
    # Who sets GDAL's own variable has set what goes with it.
    if not endpoint or environment.get("AWS_S3_ENDPOINT"):
        return {}
    parts = urlsplit(endpoint if "://" in endpoint else f"https://{endpoint}")
    # http://minio:9000/bucket: the bucket stands in the path unless the endpoint's name has it.
    in_name = _is_on(environment.get("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", ""))
    return {
        "AWS_S3_ENDPOINT": (parts.netloc + parts.path).rstrip("/"),
        "AWS_HTTPS": "NO" if parts.scheme == "http" else "YES",
        "AWS_VIRTUAL_HOSTING": "TRUE" if in_name else "FALSE",
    }


def _is_on(value: str) -> bool:
    return value.lower() in YES
