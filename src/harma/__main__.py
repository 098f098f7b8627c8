"""`python -m harma`, which torchrun and SLURM need."""

import sys

from harma.cli import main

if __name__ == "__main__":
    sys.exit(main())
