"""A first look at files of seldom formats in a process of its own, which may hang or die of them.

`python -m harma.scenes.trial BYTES SECONDS` reads names of sources from its standard input, a line
of JSON each, opens and looks at each as a build would, and answers with a line. What the libraries
of NetCDF, HDF5, NITF, JPEG 2000 and others do wrong with a damaged file ends that process, and the
file is listed. TIFF, JPEG, PNG and the other formats of nearly all files are not tried: their
readers take damage, and a trial would be a second reading.
"""

import atexit
import json
import queue
import resource
import subprocess
import sys
import threading

from harma.errors import DataError, HarmaError
from harma.ground.apart import command_of, environment_of, limit_process
from harma.ground.limits import DECODE_BYTES, DECODE_SECONDS
from harma.scenes.reach import start_of

# How files of the usual formats begin, and texts, which are no pixels.
USUAL = (
    *(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM"),
    *(b"<", b"\xef\xbb\xbf<"),
)
WEBP = (b"RIFF", b"WEBP")
# Longer side of the thinned-out copy that is read.
SIDE = 256
TROUBLE = "its decoder {}; the file is damaged, or takes more. {}"


def check_decodes(opened_as: str) -> None:
    """Look at a local file of a seldom format in a process that may die of it.

    Args:
        opened_as: what GDAL opens; of what is no local file nothing is tried.

    Raises:
        DataError: its decoder did not end in time, or took its process with it.
    """
    start = start_of(opened_as)
    is_webp = start[:4] == WEBP[0] and start[8:12] == WEBP[1]
    if not start or is_webp or start.startswith(USUAL):
        return
    try:
        trial = _IDLE.get_nowait()
    except queue.Empty:
        # As many as threads that look at once.
        trial = _Trial()
    try:
        trial.look(opened_as)
    finally:
        _IDLE.put(trial)


class _Trial:
    """The process, as one thread sees it: started with the first file, replaced when it ends."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def look(self, opened_as: str) -> None:
        process = self._running()
        in_time = threading.Event()
        seconds = DECODE_SECONDS.allowed

        def kill() -> None:
            if not in_time.is_set():
                process.kill()

        timer = threading.Timer(seconds, kill)
        timer.start()
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(opened_as) + "\n")
            process.stdin.flush()
            answered = process.stdout.readline().endswith("\n")
        except OSError:
            answered = False
        finally:
            in_time.set()
            timer.cancel()
        if not answered:
            self._tell(process)

    def _tell(self, process: "subprocess.Popen[str]") -> None:
        """Raise what became of the process."""
        self._process = None
        status = process.wait()
        # Killed for time by us, or by its own limit of computing.
        if status in (-9, -24):
            did = f"did not end within {DECODE_SECONDS.allowed:,} seconds"
            raise DataError(TROUBLE.format(did, DECODE_SECONDS.said))
        did = f"ended the process that ran it (status {status})"
        raise DataError(TROUBLE.format(did, DECODE_BYTES.said))

    def _running(self) -> "subprocess.Popen[str]":
        if self._process is None or self._process.poll() is not None:
            limits = (str(DECODE_BYTES.allowed), str(DECODE_SECONDS.allowed))
            self._process = subprocess.Popen(
                command_of("harma.scenes.trial", *limits),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment_of(),
                text=True,
            )
            # Starting takes its time where others have the cores, and is no file's fault.
            assert self._process.stdout is not None
            self._process.stdout.readline()
        return self._process

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()


_IDLE: "queue.SimpleQueue[_Trial]" = queue.SimpleQueue()


@atexit.register
def _end_all() -> None:
    while not _IDLE.empty():
        _IDLE.get().end()


def look_at(opened_as: str) -> None:
    """Open a source, and read what a build would of it, thinned out.

    What is wrong with it is left to whoever reads it in earnest, who says so better.
    """
    from harma.scenes.bounds import check_bounds, check_look
    from harma.scenes.edge import gdal_settings, library_call, open_dataset
    from harma.scenes.header import read_header
    from harma.scenes.readers import thinned
    from harma.scenes.sidecars import asked_for, how_to_look

    try:
        settings = gdal_settings(how_to_look(opened_as), asked_for(opened_as, ()))
        with settings, open_dataset(opened_as) as dataset:
            check_bounds(dataset, opened_as)
            read_header(dataset)
            check_look(dataset)
            if not dataset.count:
                return
            bands = list(dataset.indexes[:3])
            shape = thinned(dataset.height, dataset.width, SIDE)
            with library_call("it is damaged"):
                dataset.read(bands, out_shape=(len(bands), *shape))
                dataset.dataset_mask(out_shape=shape)
    except (HarmaError, MemoryError):
        return


def main() -> None:
    """Look at files until there are no more."""
    most_bytes, seconds = (int(text) for text in sys.argv[1:3])
    import rasterio  # noqa: F401 - before memory is limited

    limit_process(most_bytes)
    _answer()
    for line in sys.stdin:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        until = int(usage.ru_utime + usage.ru_stime) + 1 + seconds
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (until, hard))
        look_at(json.loads(line))
        _answer()


def _answer() -> None:
    sys.stdout.write("done\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
