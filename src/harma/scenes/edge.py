"""The edge to rasterio, GDAL, Pillow, pyproj and shapely: what they raise becomes an error of ours.

Files come from anywhere, and a damaged or hostile one makes a library raise nearly anything. So
every call of one stands in `library_call`, and stands there alone: around our own code it would
hide our own bugs.

rasterio is imported where it is first used: the plain install, which has none, finds and reads
pictures without it.
"""

import logging
import os
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING

from harma.errors import DataError, HarmaError, MissingFileError
from harma.ground.messages import first_line
from harma.ground.origins import was_raised_in
from harma.scenes.addresses import said_without_secrets, unsigned
from harma.scenes.bucket_settings import bucket_settings

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

logger = logging.getLogger(__name__)

NOT_KEPT = "CPL_VSIL_CURL_NON_CACHED"
# GDAL's readers of buckets.
BUCKETS = "/vsis3/:/vsigs/:/vsiaz/"
# What the environment says goes before.
SETTINGS = {
    # Of reads over the network: GDAL repeats what failed with 429, 500, 502, 503 and 504, and waits
    # longer each time.
    "GDAL_HTTP_MAX_RETRY": "4",
    "GDAL_HTTP_RETRY_DELAY": "0.5",
    "GDAL_HTTP_CONNECTTIMEOUT": "30",
    "GDAL_HTTP_LOW_SPEED_TIME": "60",
    "GDAL_HTTP_LOW_SPEED_LIMIT": "1",
    # Most NetCDF files of longitudes and latitudes name no reference system.
    "GDAL_NETCDF_ASSUME_LONGLAT": "YES",
}

NOTHING_FURTHER: Mapping[str, str] = MappingProxyType({})

OURS = "harma"
# Mistakes of a program, whatever the file.
BUGS = (NameError, AssertionError, NotImplementedError)
# What GDAL says of what is not there.
NOT_THERE = ("No such file", "does not exist", "HTTP response code: 404")


class _SecretsLeftOut(logging.Filter):
    """Takes signatures and tokens out of what libraries log of addresses."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = said_without_secrets(record.getMessage())
        record.args = ()
        return True


# They log addresses as they ask for them, GDAL's refusals as warnings.
LOGGERS = (
    *("rasterio", "rasterio._env", "rasterio._err", "rasterio._base", "rasterio._io"),
    *("rasterio._vsiopener", "urllib3.connectionpool"),
)
for _name in LOGGERS:
    logging.getLogger(_name).addFilter(_SecretsLeftOut())

# Of several threads that change and restore filters, one would restore those of another.
_FILTERING = threading.Lock()
# A picture without georeference is nothing to warn of: it is indexed without a place. Of what is
# opened here, once for all.
warnings.filterwarnings("ignore", "Dataset has no geotransform", module=r"harma\.scenes\.edge")


@contextmanager
def library_call(problem: str) -> Iterator[None]:
    """Stands around the call of a library and nothing else.

    Args:
        problem: what is wrong when it fails, such as "it is damaged"; the library's reason follows.

    Raises:
        DataError: the library raised; the log has the traceback (HARMA_LOG=DEBUG).
    """
    try:
        yield
    except HarmaError:
        raise
    except BUGS as error:
        # Of our own code that a library called, or that stands here all the same.
        if was_raised_in(error, OURS):
            raise
        raise _refused(problem, error) from error
    except MemoryError as error:
        raise DataError(f"it does not fit into memory ({first_line(error)})") from error
    except Exception as error:
        raise _refused(problem, error) from error


def _refused(problem: str, error: Exception) -> DataError:
    """What a library has refused, in its words."""
    # Addresses may be signed, and what is raised names them.
    logger.debug("%s\n%s", problem, said_without_secrets(traceback.format_exc()))
    reason = said_without_secrets(first_line(_deepest_cause(error)))
    return DataError(f"{problem} ({reason})")


@contextmanager
def naming(source: str) -> Iterator[None]:
    """Names the scene in errors of ours that do not say yet which one they are about.

    Args:
        source: path or address of the scene.
    """
    try:
        yield
    except HarmaError as error:
        # What reads pictures writes "image NAME is empty" itself.
        if error.source or error.problem.startswith((source, f"image {source}")):
            raise
        raise type(error)(error.problem, source=unsigned(source)) from error


def gdal_settings(
    look_beside: str = "TRUE", further: Mapping[str, str] = NOTHING_FURTHER
) -> AbstractContextManager[object]:
    """GDAL's settings while scenes are open: it does not write errors to the error stream.

    A server that is busy for a moment is asked again; one that says nothing for a minute is given
    up.

    Args:
        look_beside: whether and how files beside a source are found: `sidecars.how_to_look`.
        further: settings for this source, such as `sidecars.asked_for`.
    """
    settings = {**SETTINGS, **bucket_settings(), NOT_KEPT: _not_kept()}
    unsaid = {name: value for name, value in settings.items() if name not in os.environ}
    unsaid |= {"GDAL_DISABLE_READDIR_ON_OPEN": look_beside, "CPL_LOG_ERRORS": "OFF"}
    return _environment(**unsaid, **further)


def not_from_memory() -> AbstractContextManager[object]:
    """GDAL asks servers again: it would remember that an address has failed."""
    return _environment(**{NOT_KEPT: f"/vsicurl/:{BUCKETS}"})


def _not_kept() -> str:
    """What GDAL keeps nothing of: objects, and more within `not_from_memory`.

    What was read of an object goes with it when it is closed: written again under the same name, it
    would be read as it was.
    """
    from rasterio import env

    # rasterio does not type them.
    is_told: Callable[[], bool] = env.hasenv
    told: Callable[[], Mapping[str, object]] = env.getenv
    if not is_told():
        return BUCKETS
    return str(told().get(NOT_KEPT, BUCKETS))


def forget(source: str) -> None:
    """Let GDAL forget what it has read of an address whose content has changed."""
    # It is forgotten when it is closed, so what is opened here may be the old one.
    try:
        with gdal_settings("EMPTY_DIR"), not_from_memory(), open_dataset(source):
            pass
    except HarmaError:
        # Who opens it next says what is wrong.
        pass


def _environment(**settings: str) -> AbstractContextManager[object]:
    import rasterio

    environment: Callable[..., AbstractContextManager[object]] = rasterio.Env
    return environment(**settings)


def open_dataset(source: str, *, drivers: Sequence[str] | None = None) -> "DatasetReader":
    """Open a raster or picture.

    Args:
        source: path, or an address that GDAL reads.
        drivers: GDAL's names of the formats that it may be of; None allows those that reach
            nowhere else (`harma.scenes.reach`).

    Raises:
        MissingFileError: it is not there.
        DataError: GDAL cannot read it.
    """
    from rasterio.errors import RasterioError

    from harma.scenes.reach import check_overviews, drivers_for

    if drivers is None:
        drivers = drivers_for(source)
    with library_call("it cannot be read as a raster or picture"):
        try:
            dataset = _opened(source, drivers)
        except RasterioError as error:
            reason = first_line(error)
            if any(sign in reason for sign in NOT_THERE):
                raise MissingFileError("it is not there") from error
            raise
        check_overviews(dataset)
    return dataset


def _opened(source: str, drivers: Sequence[str] | None) -> "DatasetReader":
    from rasterio.errors import NotGeoreferencedWarning

    try:
        return _opened_or_warned(source, drivers)
    except NotGeoreferencedWarning:
        # Where a person has warnings raised.
        with _FILTERING, warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            return _opened_or_warned(source, drivers)


def _opened_or_warned(source: str, drivers: Sequence[str] | None) -> "DatasetReader":
    from rasterio.io import DatasetReader

    # `rasterio.open` takes one format, its reader several; and warns in its own name.
    if drivers is None:
        return DatasetReader(source)
    return DatasetReader(source, driver=list(drivers))


def _deepest_cause(error: Exception) -> Exception:
    """What GDAL itself says: rasterio's own words are wrapped around it."""
    while isinstance(error.__cause__, Exception):
        error = error.__cause__
    return error
