"""Models in a bucket (s3://…): fetched into a cache by their ETags, files that are safe alone.

Only files of kinds that hold no code are fetched (JSON, safetensors, texts), so that what somebody
else may have put beside them is never on this machine. What is there of the same ETags is not
fetched again.
"""

import hashlib
import os
from pathlib import Path, PurePosixPath

from harma.errors import MissingFileError
from harma.ground.files import replacing_directory
from harma.ground.storage.addresses import Address, address_of, in_bucket
from harma.ground.storage.objects import StoredObject, fetch_object, listed

# Kinds of files of saved models; pickles and Python are none of them.
SAFE = {".json", ".safetensors", ".txt", ".md", ".model", ".yaml"}
# In a run: the model that was best on the validation split.
BEST = "best"
# What marks a folder as that of a model.
CONFIGS = ("adapter_config.json", "open_clip_config.json", "dual_encoder_config.json")


def fetched_model(place: str | os.PathLike[str]) -> Path:
    """A folder of this machine with a model that lies in a bucket.

    Args:
        place: address of a run, adapter or model.

    Raises:
        MissingFileError: there is none.
        StorageError: it cannot be read.
    """
    address = address_of(place)
    files = list(listed(address))
    address, files = _of_model(address, files)
    state = hashlib.sha256()
    for file in files:
        state.update(f"{file.name}\0{file.etag}\0{file.size}\n".encode())
    folder = _cache(address) / state.hexdigest()[:20]
    if folder.is_dir():
        return folder
    with replacing_directory(folder) as partial:
        for file in files:
            target = partial / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            fetch_object(address.child(file.name), target)
    return folder


def brought_here(what: str | Path) -> str | Path:
    """What can be opened on this machine: a model in a bucket is fetched, all else stays."""
    if in_bucket(what):
        return fetched_model(what)
    return what


def _of_model(address: Address, files: list[StoredObject]) -> tuple[Address, list[StoredObject]]:
    """The files of a model at an address, or of the best one of the run that is there."""
    for inside in (f"{BEST}/", ""):
        own = [
            file._replace(name=file.name.removeprefix(inside))
            for file in files
            if file.name.startswith(inside)
        ]
        if any(file.name in CONFIGS for file in own):
            of_model = address.child(inside) if inside else address
            return of_model, [file for file in own if _is_safe(file.name)]
    raise MissingFileError(
        f"nothing to load in {address}: it is no run, adapter or model (there is none of"
        f" {', '.join(CONFIGS)})"
    )


def _is_safe(name: str) -> bool:
    path = PurePosixPath(name)
    is_inside = not path.is_absolute() and ".." not in path.parts and "\\" not in name
    return is_inside and path.suffix.lower() in SAFE


def _cache(address: Address) -> Path:
    """`harma/models` in the user's cache folder, and there a folder for each address."""
    folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    # Two endpoints may have buckets of one name.
    named = f"{os.environ.get('AWS_ENDPOINT_URL', '')} {address}"
    digest = hashlib.sha256(named.encode()).hexdigest()[:20]
    return Path(folder) / "harma" / "models" / digest
