"""Errors of HarMA: each is a `HarmaError` and also the builtin a caller would expect."""


class HarmaError(Exception):
    """Base of every error HarMA raises on purpose; the CLI shows its message without a traceback."""


class ConfigError(HarmaError, ValueError):
    """A recipe, option or argument is not usable."""


class DataError(HarmaError, ValueError):
    """Annotations or images are not usable; the message names file and row."""


class WeightsError(HarmaError, ValueError):
    """Weights do not fit the model they are meant for, or cannot be read safely."""


class BackboneError(HarmaError, ValueError):
    """A backbone is unknown, or its towers cannot take adapters."""


class MissingFileError(HarmaError, FileNotFoundError):
    """A file or directory that was asked for is not there."""


class MissingDependencyError(HarmaError, ImportError):
    """An optional part is not installed; the message says how to install it."""


class StorageError(HarmaError, OSError):
    """The disk or store does not take what is to be written: it is full, or not writable."""


class DownloadError(HarmaError, OSError):
    """A file does not come over the network; the message says what was kept and what to do."""


class TrainingError(HarmaError, RuntimeError):
    """Training cannot go on: the loss stopped being a number, or a checkpoint does not fit the run."""
