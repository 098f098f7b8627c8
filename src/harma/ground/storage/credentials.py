"""Credentials and endpoints of buckets, from the environment and from AWS's profiles.

The variables are those of the vendors' own programs: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN, AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL; GOOGLE_APPLICATION_CREDENTIALS;
AZURE_STORAGE_ACCOUNT_NAME, AZURE_STORAGE_ACCOUNT_KEY and their like. Nothing of them is kept in an
index, nor told in a message.
"""

import configparser
import os
import socket
from pathlib import Path

from harma.errors import StorageError
from harma.ground.storage.addresses import Address

REGION = "us-east-1"
# Any of these says by itself how S3 is asked.
KNOWN_BY = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
# The last that is set is heeded.
ENDPOINTS = ("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")
# The second is GDAL's.
UNSIGNED = ("AWS_SKIP_SIGNATURE", "AWS_NO_SIGN_REQUEST")
# Where a machine of Amazon's asks who it is; elsewhere nobody answers.
METADATA = ("169.254.169.254", 80)
METADATA_SECONDS = 1.0
# Of profiles, name → option.
PROFILE_KEYS = {
    "aws_access_key_id": "aws_access_key_id",
    "aws_secret_access_key": "aws_secret_access_key",
    "aws_session_token": "aws_session_token",
    "region": "aws_region",
    "endpoint_url": "aws_endpoint",
}
SECRETS = {"aws_access_key_id", "aws_secret_access_key", "aws_session_token"}


def options_for(address: Address) -> dict[str, str]:
    """What a store must be told beside the environment, as LanceDB and obstore both name it.

    Raises:
        StorageError: there are no credentials for S3.
    """
    if address.scheme != "s3":
        return _allowing_http({}, os.environ.get("AZURE_STORAGE_ENDPOINT", ""))
    options = {"aws_region": REGION}
    options |= _of_profile()
    for variable in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        if os.environ.get(variable):
            options["aws_region"] = os.environ[variable]
    endpoint = s3_endpoint()
    if endpoint:
        options["aws_endpoint"] = endpoint
    if is_public():
        options["aws_skip_signature"] = "true"
    elif "aws_access_key_id" not in options:
        _check_known(address)
    return _allowing_http(options, options.get("aws_endpoint", ""))


def s3_endpoint() -> str:
    """Where S3 is asked: as the environment says, or GDAL's own variable, or the profile; or ""."""
    found = _of_profile().get("aws_endpoint", "")
    if os.environ.get("AWS_S3_ENDPOINT"):
        found = _with_scheme(os.environ["AWS_S3_ENDPOINT"])
    for variable in ENDPOINTS:
        found = os.environ.get(variable) or found
    return found


def _with_scheme(endpoint: str) -> str:
    """An endpoint as GDAL is told it, host and port alone, as others are told it."""
    if "://" in endpoint:
        return endpoint
    is_open = os.environ.get("AWS_HTTPS", "YES").upper() in ("NO", "FALSE", "OFF", "0")
    return f"{'http' if is_open else 'https'}://{endpoint}"


def is_public() -> bool:
    """Whether buckets are asked without keys."""
    values = [os.environ.get(name, "").lower() for name in UNSIGNED]
    return any(value in ("1", "true", "yes", "on") for value in values)


def _allowing_http(options: dict[str, str], endpoint: str) -> dict[str, str]:
    # Who writes http:// means it.
    if endpoint.startswith("http://"):
        options["allow_http"] = "true"
    return options


def _of_profile() -> dict[str, str]:
    """What AWS's files say of the profile; keys of the environment come before those of a file."""
    name = os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE") or "default"
    home = Path.home() / ".aws"
    files = {
        os.environ.get("AWS_CONFIG_FILE", str(home / "config")): f"profile {name}",
        os.environ.get("AWS_SHARED_CREDENTIALS_FILE", str(home / "credentials")): name,
    }
    options: dict[str, str] = {}
    for file, section in files.items():
        # Files of old have no "profile" before the name.
        options |= _section(file, name) | _section(file, section)
    if any(os.environ.get(variable) for variable in KNOWN_BY):
        options = {key: value for key, value in options.items() if key not in SECRETS}
    return options


def _section(file: str, title: str) -> dict[str, str]:
    """The options of one section; none where the file is not there, or no such file."""
    values = configparser.RawConfigParser()
    try:
        values.read(file, encoding="utf-8")
        return _named(dict(values.items(title)))
    except (configparser.Error, OSError, UnicodeError):
        return {}


def _named(values: dict[str, str]) -> dict[str, str]:
    return {PROFILE_KEYS[key]: value for key, value in values.items() if key in PROFILE_KEYS}


def _check_known(address: Address) -> None:
    """Check that somebody can say who asks.

    Raises:
        StorageError: nobody can. The libraries would ask a machine of Amazon's for minutes.
    """
    if any(os.environ.get(variable) for variable in KNOWN_BY):
        return
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() != "true":
        try:
            socket.create_connection(METADATA, METADATA_SECONDS).close()
            return
        except OSError:
            pass
    raise StorageError(
        f"there are no credentials for {address}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,"
        " or AWS_PROFILE for a profile that has them, or AWS_SKIP_SIGNATURE=true where the bucket"
        " is public"
    )
