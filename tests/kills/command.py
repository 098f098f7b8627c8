"""A command of `harma` with what divides its work made small; run as a program by `children`."""

import sys

from tests.kills.fixture import know_download


def main():
    """The command of this process."""
    import os

    if os.environ.get("HARMA_KILLTEST_SMALL"):
        from tests.kills.children import make_small

        make_small()
    if sys.argv[1:3] == ["data", "download"]:
        know_download(os.environ["HARMA_KILLTEST_URL"])
    from harma.cli import main as harma

    return harma()


if __name__ == "__main__":
    sys.exit(main())
