"""Download from the Hugging Face hub: weights in the local cache, or fetched when asked for."""

import logging
import sys
from dataclasses import dataclass
from pathlib import Path

from harma.errors import MissingFileError
from harma.ground.messages import in_one_line

log = logging.getLogger(__name__)

ALLOW = (
    "`--download true` on the command line, `download: true` in a recipe, `allow_download=True` in"
    " Python"
)


@dataclass(frozen=True)
class Remote:
    """Where a published file is.

    Attributes:
        page: where a person can get it.
        files: names under which it is looked for, in the order of preference.
        licence: as its publisher states it.
        repo: repository on the Hugging Face hub, "org/name"; None where it can only be got by hand.
        revision: branch, tag or commit of the repository; None is its main branch.
        megabytes: its size, where known.
    """

    page: str
    files: tuple[str, ...]
    licence: str
    repo: str | None = None
    revision: str | None = None
    megabytes: int | None = None

    def describe(self) -> str:
        """File, place, size and licence in words."""
        size = f"about {self.megabytes} MB" if self.megabytes else "size not known"
        place = f"{self.files[0]} of {self.repo}" if self.repo else self.files[0]
        return f"{place} ({size}, licence: {self.licence})"


def hub_repo(repo: str, files: tuple[str, ...], revision: str | None = None) -> Remote:
    """A file of a repository about which nothing else is known."""
    page = f"https://huggingface.co/{repo}"
    return Remote(page=page, files=files, licence=f"see {page}", repo=repo, revision=revision)


def find_file(remote: Remote, what: str, *, allow_download: bool, by_hand: str = "") -> Path:
    """The local path of a published file.

    The cache of `huggingface_hub` is looked at first. `HF_HUB_OFFLINE` and `HF_ENDPOINT` are
    honoured.

    Args:
        remote: the file.
        what: what it is for, in messages.
        allow_download: fetch it if it is not there.
        by_hand: what to do with the file once a person has it, in messages.

    Raises:
        MissingFileError: it is not there and may not, or cannot, be downloaded; the message says
            what it is, its licence, and where to get it.
    """
    # Before the permission is asked: what lies here already costs nothing.
    cached = _in_cache(remote)
    if cached:
        return cached
    manually = f"get it from {remote.page}"
    if by_hand:
        manually = f"{manually} and {by_hand}"
    if remote.repo is None:
        raise MissingFileError(
            f"{what}: {remote.describe()} cannot be downloaded from here; {manually}"
        )
    if not allow_download:
        raise MissingFileError(
            f"{what}: {remote.describe()} is not on this machine. Allow the download ({ALLOW}), or"
            f" {manually}"
        )
    return _download(remote, what, manually)


def _in_cache(remote: Remote) -> Path | None:
    from huggingface_hub import constants, try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    if remote.repo is None:
        return None
    # `try_to_load_from_cache` gives a mark of its own for files that are known to be absent.
    for file in remote.files:
        try:
            path = try_to_load_from_cache(
                remote.repo, file, cache_dir=constants.HF_HUB_CACHE, revision=remote.revision
            )
        except HFValidationError as error:
            raise MissingFileError(
                f"{remote.repo!r} is not there, and no name of a repository of Hugging Face:"
                " ORG/NAME of letters, digits, -, _ and dots"
            ) from error
        if isinstance(path, str):
            return Path(path)
    return None


def _network_errors() -> tuple[type[Exception], ...]:
    """Errors of the HTTP library that the installed `huggingface_hub` uses.

    It lets some of them through.
    """
    # Looked up among what is loaded: a library that is not loaded raises nothing.
    return tuple(sys.modules[name].HTTPError for name in ("httpx", "httpx2") if name in sys.modules)


def _download(remote: Remote, what: str, manually: str) -> Path:
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, LocalEntryNotFoundError

    assert remote.repo is not None
    if constants.HF_HUB_OFFLINE:
        raise MissingFileError(
            f"{what}: {remote.describe()} is not on this machine and HF_HUB_OFFLINE is set; unset"
            f" it, or {manually}"
        )
    failures: tuple[type[Exception], ...] = (
        HfHubHTTPError,
        ValueError,
        OSError,
        *_network_errors(),
    )
    # A warning, since a download may be large and was perhaps allowed long ago in a recipe.
    log.warning("downloading %s: %s from %s", what, remote.describe(), constants.ENDPOINT)
    for file in remote.files:
        try:
            return Path(hf_hub_download(remote.repo, file, revision=remote.revision))
        except LocalEntryNotFoundError as error:
            raise MissingFileError(
                f"{what}: {constants.ENDPOINT} cannot be reached ({error}); {manually}"
            ) from error
        except EntryNotFoundError:
            log.info("%s has no %s", remote.repo, file)
        except failures as error:
            reason = in_one_line(error, length=300)
            raise MissingFileError(f"{what} cannot be downloaded ({reason}); {manually}") from error
    raise MissingFileError(
        f"{what}: {remote.repo} holds none of {', '.join(remote.files)}; see {remote.page}"
    )
