"""A PostgreSQL of its own for tests: on loopback, in a folder of its own, gone afterwards."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

# Run by this user where tests run as root, whom PostgreSQL refuses.
NOBODY = 65534
PATIENCE_S = 60


def binaries():
    """The folder of PostgreSQL's programs, or None where it is not installed."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    return next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


class PostgresServer:
    """Runs until it is closed.

    Attributes:
        address: of a database without any tables.
    """

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="harma-postgres-"))
        self._as_user = {}
        if os.geteuid() == 0:
            self._as_user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            os.chown(self.folder, NOBODY, NOBODY)
        self._data = self.folder / "data"
        self._run("initdb", "-D", self._data, "-U", "harma", "-A", "trust", "-E", "UTF8", "-N")
        self.port = free_port()
        self.start()

    def start(self):
        options = ["-h", "127.0.0.1", "-p", str(self.port), "-k", str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [binaries() / "postgres", "-D", self._data, *options],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **self._as_user,
            )
        end = time.monotonic() + PATIENCE_S
        while not self._answers():
            if time.monotonic() > end or self._process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text())
            time.sleep(0.05)

    def stop(self, number=15):
        self._process.send_signal(number)
        self._process.wait(PATIENCE_S)

    def close(self):
        self.stop(2)
        shutil.rmtree(self.folder)

    def new_database(self, name):
        """The address of a new database."""
        import psycopg

        with psycopg.connect(self.address_of("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.address_of(name)

    def address_of(self, name):
        return f"postgresql://harma:secret@127.0.0.1:{self.port}/{name}"

    def _answers(self):
        import psycopg

        try:
            psycopg.connect(self.address_of("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program, *arguments):
        subprocess.run(
            [binaries() / program, *arguments],
            check=True,
            capture_output=True,
            cwd=self.folder,
            **self._as_user,
        )


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
