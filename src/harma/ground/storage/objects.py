"""Objects of buckets: read, written, conditionally put, listed, removed; errors in plain words."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harma.errors import MissingDependencyError, MissingFileError, StorageError
from harma.ground.messages import first_line
from harma.ground.storage.addresses import Address, address_of
from harma.ground.storage.credentials import options_for

if TYPE_CHECKING:
    from obstore.store import AzureStore, GCSStore, S3Store

    Bucket = AzureStore | GCSStore | S3Store

Pairs = tuple[tuple[str, str], ...]

# Objects asked for at once; S3 gives no more.
LISTED_AT_ONCE = 1000
# What obstore itself takes from the environment.
ENVIRONMENT = ("AWS_", "GOOGLE_", "AZURE_")
# A store that is overloaded answers 503 for some seconds: asked again for about two minutes.
MAX_RETRIES = 40
REFUSED = re.compile(r"status code: 40[13] ")
RETRY_SECONDS = 120


class StoredObject(NamedTuple):
    """An object of a bucket.

    Attributes:
        name: below the address that was listed.
        size: bytes.
        etag: names its content: another one where it was written again. "" where none is told.
        mtime_ns: when it was written, nanoseconds since 1970.
    """

    name: str
    size: int
    etag: str
    mtime_ns: int


def object_store(address: str | Address) -> "Bucket":
    """The obstore store of the bucket of an address; its paths are keys of the bucket.

    Raises:
        ConfigError: it is no address of a bucket.
        MissingDependencyError: obstore is not installed.
        StorageError: there are no credentials.
    """
    parts = _parts(address)
    options = options_for(parts)
    seen = tuple(sorted(item for item in os.environ.items() if item[0].startswith(ENVIRONMENT)))
    return _store(parts.scheme, parts.bucket, tuple(sorted(options.items())), seen)


@lru_cache(maxsize=64)
def _store(scheme: str, bucket: str, options: Pairs, _seen: Pairs) -> "Bucket":
    """A store keeps its connections: one for each bucket, as long as its options are the same."""
    try:
        from obstore.store import AzureStore, GCSStore, S3Store
    except ImportError as error:
        raise MissingDependencyError(
            "what lies in a bucket needs obstore: pip install 'harma[search]'"
        ) from error
    config = dict(options)
    client: Any = {}
    if config.pop("allow_http", ""):
        client = {"allow_http": True}
    retry: Any = {
        "max_retries": MAX_RETRIES,
        "retry_timeout": timedelta(seconds=RETRY_SECONDS),
        "backoff": {
            "init_backoff": timedelta(milliseconds=200),
            "max_backoff": timedelta(seconds=5),
            "base": 2,
        },
    }
    given: Any = {"client_options": client, "retry_config": retry, "config": config}
    if scheme == "s3":
        return S3Store(bucket, **given)
    if scheme == "gs":
        return GCSStore(bucket, **given)
    return AzureStore(bucket, **given)


def read_object(address: str | Address) -> tuple[bytes, str] | None:
    """The bytes of an object and its ETag; None where there is none.

    Raises:
        MissingFileError: there is no such bucket.
        StorageError: it cannot be read.
    """
    import obstore

    parts = _parts(address)
    try:
        with telling(parts):
            answer = obstore.get(object_store(parts), parts.key)
            return bytes(answer.bytes()), answer.meta["e_tag"] or ""
    except MissingFileError:
        raise
    except FileNotFoundError:
        return None


def fetch_object(address: str | Address, file: Path) -> None:
    """Bring an object to a local file, some megabytes at a time.

    Raises:
        MissingFileError: there is no such bucket or object.
        StorageError: it cannot be read.
    """
    import obstore

    parts = _parts(address)
    try:
        with telling(parts), file.open("wb") as out:
            for piece in obstore.get(object_store(parts), parts.key):
                out.write(piece)
    except MissingFileError:
        raise
    except FileNotFoundError as error:
        raise MissingFileError(f"{parts} is not there any more") from error


def write_object(address: str | Address, content: bytes) -> str:
    """Write an object whole, in place of an older one; gives its ETag.

    Raises:
        MissingFileError: there is no such bucket.
        StorageError: it cannot be written.
    """
    import obstore

    parts = _parts(address)
    with telling(parts):
        return obstore.put(object_store(parts), parts.key, content)["e_tag"] or ""


def create_object(address: str | Address, content: bytes) -> str | None:
    """Write an object where there is none; None where one is. Else its ETag.

    Raises:
        MissingFileError: there is no such bucket.
        StorageError: it cannot be written.
    """
    return _put_if(_parts(address), content, "create")


def exchange_object(address: str | Address, content: bytes, etag: str) -> str | None:
    """Write an object in place of the one with this ETag; None where another is there, or none.

    Raises:
        MissingFileError: there is no such bucket.
        StorageError: it cannot be written.
    """
    return _put_if(_parts(address), content, {"e_tag": etag})


def _put_if(parts: Address, content: bytes, mode: Any) -> str | None:
    import obstore
    from obstore.exceptions import AlreadyExistsError, PreconditionError

    try:
        with telling(parts):
            return obstore.put(object_store(parts), parts.key, content, mode=mode)["e_tag"] or ""
    except (AlreadyExistsError, PreconditionError):
        # An answer that was lost was asked for again, and then our own object was in the way.
        return _etag_of(parts, content)
    except StorageError:
        # The same, where nobody asked again.
        etag = _etag_of(parts, content)
        if etag is None:
            raise
        return etag
    except MissingFileError:
        raise
    except FileNotFoundError:
        return None


def _etag_of(parts: Address, content: bytes) -> str | None:
    """The ETag of an object that has this very content; None of any other."""
    there = read_object(parts)
    if there is None or there[0] != content:
        return None
    return there[1]


def remove_objects(address: str | Address, names: list[str]) -> None:
    """Remove objects by their names below an address; one that is not there is no error.

    Raises:
        StorageError: they cannot be removed.
    """
    import obstore

    parts = _parts(address)
    store = object_store(parts)
    for start in range(0, len(names), LISTED_AT_ONCE):
        keys = [parts.child(name).key for name in names[start : start + LISTED_AT_ONCE]]
        try:
            with telling(parts):
                obstore.delete(store, keys)
        except MissingFileError:
            raise
        except FileNotFoundError:
            continue


def described(address: str | Address) -> StoredObject | None:
    """Size, ETag and time of one object; None where there is none.

    Raises:
        MissingFileError: there is no such bucket.
        StorageError: the store cannot be asked.
    """
    import obstore

    parts = _parts(address)
    try:
        with telling(parts):
            return _described(obstore.head(object_store(parts), parts.key), "")
    except MissingFileError:
        raise
    except FileNotFoundError:
        return None


def listed(address: str | Address) -> Iterator[StoredObject]:
    """All objects below an address, by name, as the store gives them: a thousand at a time.

    Raises:
        MissingFileError: there is no such bucket.
        StorageError: it cannot be listed.
    """
    import obstore

    parts = _parts(address)
    with telling(parts):
        stream = obstore.list(object_store(parts), parts.key or None, chunk_size=LISTED_AT_ONCE)
        for some in stream:
            for meta in some:
                yield _described(meta, meta["path"].removeprefix(parts.key).lstrip("/"))


def first_names(address: str | Address) -> list[str]:
    """Names of the first level below an address: objects, and folders that objects make.

    Raises:
        MissingFileError: there is no such bucket.
        StorageError: it cannot be listed.
    """
    import obstore

    parts = _parts(address)
    with telling(parts):
        result = obstore.list_with_delimiter(object_store(parts), parts.key or None)
    paths = [*result["common_prefixes"], *(meta["path"] for meta in result["objects"])]
    names = [path.removeprefix(parts.key).strip("/") for path in paths]
    return sorted(name for name in names if name)


@contextmanager
def telling(address: Address) -> Iterator[None]:
    """Say what is wrong with a bucket in plain words.

    A `FileNotFoundError` of an object that is not there goes through as it is.

    Raises:
        MissingFileError: there is no such bucket.
        StorageError: the store does not do what it was asked.
    """
    from obstore.exceptions import (
        AlreadyExistsError,
        BaseError,
        PermissionDeniedError,
        PreconditionError,
        UnauthenticatedError,
    )

    try:
        yield
    except (AlreadyExistsError, PreconditionError):
        raise
    except FileNotFoundError as error:
        if _tells_no_bucket(error):
            raise _no_bucket(address) from error
        raise
    except BaseError as error:
        if _tells_no_bucket(error):
            raise _no_bucket(address) from error
        # A listing has no class of errors for this.
        is_refused = isinstance(error, PermissionDeniedError | UnauthenticatedError)
        if is_refused or REFUSED.search(str(error)):
            raise StorageError(
                f"{address}: the store does not allow it to these credentials; see the rights of"
                " the bucket, and the keys in the environment"
            ) from error
        raise StorageError(
            f"{address} cannot be reached, also after some tries ({first_line(error)}); see the"
            " network, and the endpoint in the environment (AWS_ENDPOINT_URL)"
        ) from error


def _tells_no_bucket(error: Exception) -> bool:
    return "NoSuchBucket" in str(error) or "ContainerNotFound" in str(error)


def _no_bucket(address: Address) -> MissingFileError:
    return MissingFileError(
        f"there is no bucket {address.bucket} ({address}); make it, or name another"
    )


def _described(meta: Any, name: str) -> StoredObject:
    written = int(meta["last_modified"].timestamp() * 1_000_000) * 1000
    return StoredObject(name, meta["size"], meta["e_tag"] or "", written)


def _parts(address: str | Address) -> Address:
    if isinstance(address, Address):
        return address
    return address_of(address)
