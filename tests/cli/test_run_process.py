"""A run's own process."""

import subprocess
import sys
import time

CODE = (
    "import time; from harma.cli.run_process import end_with_parent; end_with_parent();"
    " print('ready', flush=True); time.sleep(60)"
)


def test_it_ends_when_the_pipe_of_its_parent_closes():
    # In a session of its own, as a comparison starts it: it kills its group.
    process = subprocess.Popen(
        [sys.executable, "-c", CODE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout.readline() == b"ready\n"
    time.sleep(0.2)
    assert process.poll() is None
    process.stdin.close()
    assert process.wait(timeout=10) != 0
    process.stdout.close()


def test_it_does_what_harma_does():
    # The pipe stays open until it has ended by itself.
    process = subprocess.Popen(
        [sys.executable, "-m", "harma.cli.run_process", "recipes", "nothing"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    assert process.wait(timeout=60) == 2
    assert "error: there is no recipe 'nothing'" in process.stderr.read()
    process.stdin.close()
    process.stderr.close()
