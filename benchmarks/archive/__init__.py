"""A made archive of satellite and aerial scenes with its truth, and a check of an index of it.

    python -m benchmarks.archive make DIR [--scenes 200] [--seed 0]
    python -m benchmarks.archive build DIR INDEX [--model MODEL]
    python -m benchmarks.archive check DIR INDEX

`make` writes DIR/disk (products as they lie on disks), DIR/catalogue (STAC) and DIR/truth.json.
`build` gives the one command that a person would give, with a tiny untrained model if none is
named, and keeps what it said in INDEX.said.txt. `check` compares the index with the truth, prints
a table by product, and ends with status 1 if anything is wrong. The truth is from how the files
were made, with pyproj and shapely; nothing in it comes from HarMA.
"""
