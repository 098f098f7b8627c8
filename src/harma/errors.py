"""Errors of HarMA: each is a `HarmaError` and also the builtin a caller would expect.

A class of its own for each thing that a caller does differently.
"""

# Characters of a message: values of a file that it quotes may be of any length.
_BEGINNING = 1600
_END = 600
# By which a message may be longer: one that was cut is left as it is where it is raised again.
_SLACK = 100


class HarmaError(Exception):
    """Base of every error HarMA raises on purpose; the CLI shows its message without a traceback.

    Args:
        problem: what is wrong, what is allowed, what to do.
        source: file, scene or address that it is about, where `problem` does not name it.

    Attributes:
        problem: as given, for lists that name the source themselves.
        source: as given; "" if not.
    """

    def __init__(self, problem: str = "", *, source: str = "") -> None:
        self.problem = _shown(_of_some_length(problem))
        self.source = _shown(source)
        message = self.problem
        if source:
            message = f"{self.source}: {self.problem}"
        super().__init__(message)

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions travel from worker processes by their arguments, which `source` is none of.
        return _rebuilt, (type(self), self.problem, self.source)


def _of_some_length(text: str) -> str:
    """A message without its middle, where what it quotes has no end."""
    rest = len(text) - _BEGINNING - _END
    if rest <= _SLACK:
        return text
    return f"{text[:_BEGINNING]} … ({rest:,} characters more) … {text[-_END:]}"


def _shown(text: str) -> str:
    """A message as any terminal and file takes it.

    What moves a cursor, turns the direction of writing or is half of a pair is written out.
    """
    if text.isprintable():
        return text
    return "".join(map(_shown_character, text))


def _shown_character(character: str) -> str:
    # Blanks of other widths are not printable to Python either.
    is_blank = character.isspace() and character > "\x85"
    if character.isprintable() or character == "\n" or is_blank:
        return character
    return character.encode("unicode_escape").decode()


def _rebuilt(kind: type[HarmaError], problem: str, source: str) -> HarmaError:
    return kind(problem, source=source)


class BackboneError(HarmaError, ValueError):
    """A backbone is unknown, or its towers cannot take adapters."""


class BusyError(HarmaError, RuntimeError):
    """Another process writes what was to be written; the message says who and what."""


class ConfigError(HarmaError, ValueError):
    """A recipe, option or argument is not usable."""


class ConflictError(HarmaError, RuntimeError):
    """Somebody else has changed what was to be changed, since it was read."""


class DataError(HarmaError, ValueError):
    """Annotations, images or an index are not usable; the message names file and row."""


class DownloadError(HarmaError, OSError):
    """A file does not come over the network; the message says what was kept and what to do."""


class GoneError(HarmaError, LookupError):
    """What was kept for a while, such as the hits of a search, is kept no longer; ask again."""


class MediaTypeError(HarmaError, ValueError):
    """What was sent is of a kind that is not read here."""


class MissingDependencyError(HarmaError, ImportError):
    """An optional part is not installed; the message says how to install it."""


class MissingFileError(HarmaError, FileNotFoundError):
    """A file or directory that was asked for is not there."""


class ModelMismatchError(HarmaError, ValueError):
    """Embeddings or adapters are of another model than the one that was given."""


class NotFoundError(HarmaError, LookupError):
    """A chip, source or other thing that was named is not in the index."""


class OffEarthError(DataError):
    """A part of a scene has no longitude and latitude, such as space beside a full disk."""


class QueryError(HarmaError, ValueError):
    """What is looked for, or where, is not usable."""


class StorageError(HarmaError, OSError):
    """The disk or store does not take what is to be written: it is full, or not writable."""


class StateError(StorageError):
    """Saved searches cannot be read or kept; the message says where they are, and what to do."""


class TooLargeError(HarmaError, ValueError):
    """More bytes or pixels were sent than are read."""


class TrainingError(HarmaError, RuntimeError):
    """Training cannot go on: the loss is no number, or a checkpoint does not fit the run."""


class WeightsError(HarmaError, ValueError):
    """Weights do not fit the model they are meant for, or cannot be read safely."""
