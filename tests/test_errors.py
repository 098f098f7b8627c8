"""Errors of HarMA."""

import pickle

import pytest

import harma.errors
from harma.errors import (
    BackboneError,
    BusyError,
    ConfigError,
    ConflictError,
    DataError,
    DownloadError,
    GoneError,
    HarmaError,
    MediaTypeError,
    MissingDependencyError,
    MissingFileError,
    ModelMismatchError,
    NotFoundError,
    OffEarthError,
    QueryError,
    StateError,
    StorageError,
    TooLargeError,
    TrainingError,
    WeightsError,
)

# What a caller who does not know HarMA would catch.
BUILT_IN = {
    BackboneError: ValueError,
    BusyError: RuntimeError,
    ConfigError: ValueError,
    ConflictError: RuntimeError,
    DataError: ValueError,
    DownloadError: OSError,
    GoneError: LookupError,
    MediaTypeError: ValueError,
    MissingDependencyError: ImportError,
    MissingFileError: FileNotFoundError,
    ModelMismatchError: ValueError,
    NotFoundError: LookupError,
    OffEarthError: ValueError,
    QueryError: ValueError,
    StateError: OSError,
    StorageError: OSError,
    TooLargeError: ValueError,
    TrainingError: RuntimeError,
    WeightsError: ValueError,
}


def test_every_error_is_ours_and_a_builtin():
    kinds = {
        kind
        for kind in vars(harma.errors).values()
        if isinstance(kind, type) and issubclass(kind, HarmaError) and kind is not HarmaError
    }
    assert kinds == set(BUILT_IN)
    for kind, built_in in BUILT_IN.items():
        assert issubclass(kind, built_in)


@pytest.mark.parametrize("kind", BUILT_IN)
@pytest.mark.parametrize("source", ["", "a.tif"])
def test_an_error_is_whole_and_travels_between_processes(kind, source):
    error = kind("it is empty; copy it again", source=source)
    expected = f"{source}: it is empty; copy it again" if source else "it is empty; copy it again"
    for one in (error, pickle.loads(pickle.dumps(error))):
        assert type(one) is kind
        assert str(one) == expected
        assert (one.problem, one.source) == ("it is empty; copy it again", source)


@pytest.mark.parametrize("length", [10, 2284, 2285, 5_000_000])
def test_what_is_quoted_without_end_is_cut_in_its_middle(length):
    error = DataError("begins " + "x" * length + " and ends", source="a.tif")
    assert len(str(error)) < 2350
    assert str(error).startswith("a.tif: begins x")
    assert str(error).endswith("x and ends")
    assert ("characters more" in str(error)) == (length > 2284)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
