"""Speed in one table: HarMA beside the original's structure, bare models and other programs.

    python -m benchmarks.speed [--only PART …] [--check]

writes docs/speed.md (`make bench`). Every part is a process of its own that prints its rows as
JSON; what is compared in a row is measured in turn in that process.
"""
