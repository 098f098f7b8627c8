"""open_clip's modules without timm, transformers, torchvision and its hub: what CLIP itself needs.

Its package imports all of itself, and with it a second and a half of libraries that its own
transformers have no use for. Its modules can be imported one by one instead; what they draw in
waits until a model needs it (`harma.ground.deferred_imports`), and whoever asks the package itself
for a name gets all of it, as ever.
"""

import logging
import sys
from importlib import import_module
from pathlib import Path
from threading import RLock
from types import ModuleType

from harma.ground.deferred_imports import deferring, late_package, waiting_for

log = logging.getLogger(__name__)

PACKAGE = "open_clip"
DISTRIBUTION = "open_clip_torch"
MODULES = ("open_clip.model", "open_clip.transformer", "open_clip.tokenizer")
# Where the package keeps the configs of its architectures.
CONFIGS = "model_configs"

_IMPORTING = RLock()


def open_clip_module(name: str) -> ModuleType:
    """A module of open_clip, such as "model" or "transformer".

    Raises:
        ModuleNotFoundError: open_clip is not installed, or has no such module.
    """
    with _IMPORTING:
        if PACKAGE not in sys.modules:
            _import_modules()
    return import_module(f"{PACKAGE}.{name}")


def shipped_config(name: str) -> Path | None:
    """The file with the config of an architecture, where it can be known without the whole package.

    Returns:
        None: there is none; or whoever imported the whole package may have added others.
    """
    if not knows_shipped_only():
        return None
    # Looked up among the files, and not as a path: anything can be asked for.
    files = {file.stem: file for file in configs_directory().glob("*.json")}
    return files.get(name)


def knows_shipped_only() -> bool:
    """Whether the architectures are those in the package's folder, and no others."""
    has_folder = configs_directory().is_dir()
    # Its factory reads the folder, and is what others are added to.
    return has_folder and f"{PACKAGE}.factory" not in sys.modules


def configs_directory() -> Path:
    """The folder of configs that open_clip ships."""
    open_clip_module("version")
    return Path(sys.modules[PACKAGE].__path__[0]) / CONFIGS


def _import_modules() -> None:
    """Import modules of open_clip, and no more where that is known to work."""
    waiting = waiting_for(DISTRIBUTION)
    if not waiting:
        log.debug("this version of open_clip is imported as a whole")
        import_module(PACKAGE)
        return
    package = late_package(PACKAGE)
    try:
        with deferring(*waiting):
            for module in MODULES:
                import_module(module)
    # Whatever goes wrong in parts, beside another library for example, may go well as a whole.
    except Exception:
        log.debug("open_clip cannot be imported in parts", exc_info=True)
        _forget(package)
        import_module(PACKAGE)


def _forget(package: ModuleType) -> None:
    """Take a package and its modules out of what is imported."""
    for name in list(sys.modules):
        if name == package.__name__ or name.startswith(f"{package.__name__}."):
            del sys.modules[name]
