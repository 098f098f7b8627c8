"""Servers of the pages: `harma serve …` goes on in a process of its own, and what follows asks it.

A page starts a server as a reader does; the commands and code after it, on the same page, reach it
at the port that it really has. The next server, or the end of the page, ends it, as Ctrl-C does.
"""

import os
import re
import shlex
import subprocess
import sys

from tests.serving import ServerProcess

# Where a server is by itself.
USUAL = "http://127.0.0.1:8000"
# KEY=$(harma … | head -1): the first line that is shown is kept under a name.
KEPT = re.compile(r"(\w+)=\$\((harma .*?)( \| head -1)?\)$")
TALKING = ("curl", "sqlite3", "harma mcp")


class PageServers:
    """The server of a page, one at a time, and the variables of its shell.

    Args:
        folder: where the reader is.
    """

    def __init__(self, folder):
        self.folder = folder
        self.variables = {}
        self._server = None

    def takes(self, command):
        """Whether a command is one of those that are run here."""
        is_server = command.startswith("harma serve ") and "--make-key" not in command
        return is_server or command.startswith(TALKING) or KEPT.match(command) is not None

    def run(self, command):
        """Run a command."""
        kept = KEPT.match(command)
        if kept:
            self.variables[kept[1]] = self._shown(kept[2]).splitlines()[0]
        elif command.startswith("harma serve "):
            self.stop()
            self._server = ServerProcess(shlex.split(command)[2:], self.folder)
            self._server.__enter__()
        else:
            self._shown(self.at_its_port(command))

    def at_its_port(self, text):
        """A text with the address of the server that really runs."""
        if self._server is not None:
            text = text.replace(USUAL, self._server.base)
        return text

    def stop(self):
        """End the server, if there is one."""
        if self._server is not None:
            assert self._server.stop() == 0, self._server.log.read_text()
        self._server = None

    def _shown(self, command):
        """What a command writes; it must succeed."""
        for name, value in self.variables.items():
            command = command.replace(f"${name}", value)
        words = shlex.split(command)
        if words[0] == "harma":
            words = [sys.executable, "-m", "harma", *words[1:]]
        if words[0] == "curl":
            words.insert(1, "--fail-with-body")
        done = subprocess.run(
            words,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"},
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout
