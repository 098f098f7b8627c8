"""Addresses: how GDAL opens them, and their names without signature, token, key or password.

A signature says who may read, and for how long; it changes from day to day, and what it signs does
not. So it opens a scene and is kept nowhere. What else stands in a query may name the file
(?id=5), and stays.
"""

import re

# Addresses, and the prefix that GDAL reads them by.
REMOTE = {
    "http://": "/vsicurl/http://",
    "https://": "/vsicurl/https://",
    "s3://": "/vsis3/",
    "gs://": "/vsigs/",
    "az://": "/vsiaz/",
}
# Parameters that are secrets wherever they stand, in lower case.
SECRETS = frozenset(
    (
        # Shared access signatures of Azure, signed addresses of CloudFront, S3 and Google.
        *("sig", "signature", "sas", "sas_token", "sastoken"),
        # Tokens and keys of services.
        *("token", "access_token", "auth_token", "id_token", "usertoken", "user_token", "jwt"),
        *("api_key", "apikey", "api-key", "authkey", "auth_key", "auth", "authorization"),
        *("subscription-key", "subscription_key", "ocp-apim-subscription-key", "security-token"),
        *("password", "passwd", "pwd", "secret", "client_secret", "hmac", "hdnea", "hdnts"),
    )
)
# Beginnings of such parameters: Amazon, Google, Alibaba, Huawei, Tencent.
SECRET_PREFIXES = ("x-amz-", "x-goog-", "x-oss-", "x-obs-", "x-cos-", "q-sign", "q-ak", "q-key-")
# Parts of a signature, which mean something else where there is none.
COMPANIONS = frozenset(
    (
        # https://learn.microsoft.com/rest/api/storageservices/create-service-sas
        *("sv", "st", "se", "sr", "sp", "spr", "sip", "ss", "srt", "sdd", "si", "ses"),
        *("skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid", "sduoid"),
        *("expires", "expiry", "policy", "key-pair-id", "hash-algorithm"),
        *("awsaccesskeyid", "googleaccessid", "ossaccesskeyid", "accesskeyid"),
        *("q-header-list", "q-url-param-list"),
    )
)
QUERY = re.compile(r"\?[^\s\"'<>{}]*")
SEPARATOR = re.compile(r"&amp;|&")
PASSWORD = re.compile(r"(?<=://)[^/@\s\"'<>]+@")


def opened_by_gdal(address: str) -> str:
    """What GDAL opens for an address; anything else is opened as it is."""
    for prefix, opened in REMOTE.items():
        if address.startswith(prefix):
            return opened + address.removeprefix(prefix)
    return address


def address_opened(opened_as: str) -> str:
    """The address of what GDAL opens, as it may be signed; "" of anything else."""
    for prefix, opened in REMOTE.items():
        if opened_as.startswith(opened):
            return prefix + opened_as.removeprefix(opened)
    return ""


def is_address(name: str) -> bool:
    """Whether a name is that of something that is read over the network."""
    return name.startswith(tuple(REMOTE))


def unsigned(text: str) -> str:
    """The name of an address: without signature, token, key and password.

    Args:
        text: an address, a name of GDAL, or a VRT in XML; a local path stays as it is.
    """
    if "://" not in text:
        return text
    return said_without_secrets(text)


def said_without_secrets(text: str) -> str:
    """What a library says of addresses, or of the ends of some, without what is secret in them."""
    return QUERY.sub(_without_secrets, PASSWORD.sub("", text))


def _without_secrets(query: re.Match[str]) -> str:
    text = query.group()[1:]
    parameters = SEPARATOR.split(text)
    names = [_name_of(parameter) for parameter in parameters]
    if not any(map(_is_secret, names)):
        return query.group()
    kept = []
    for name, parameter in zip(names, parameters, strict=True):
        if not _is_secret(name) and name not in COMPANIONS:
            kept.append(parameter)
    if not kept:
        return ""
    # In XML an ampersand is written out.
    separator = "&amp;" if "&amp;" in text else "&"
    return "?" + separator.join(kept)


def _name_of(parameter: str) -> str:
    return parameter.partition("=")[0].lower()


def _is_secret(name: str) -> bool:
    return name in SECRETS or name.startswith(SECRET_PREFIXES)
