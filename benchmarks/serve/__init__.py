"""What a server does in a second, and what it takes, measured from outside.

    python -m benchmarks.serve search --index INDEX       alone and with 16 callers, beside Python
    python -m benchmarks.serve tiles --index INDEX        of its scenes
    python -m benchmarks.serve load --index INDEX --scenes DIR --minutes 10
    python -m benchmarks.serve million --vectors NPZ --model MODEL --output DIR
    python -m benchmarks.serve parts --index INDEX        split, and served as one beside the whole

`load` works on a copy of the index: searches, tiles and marks by 16 callers, while scenes are
added; at its end the server is killed, started anew, and asked for every mark that it had answered.
`million` enlarges embeddings of `benchmarks/index/vectors.py embed`, and so does `parts` where it
is given `--vectors` and `--model`. Servers are processes of their own (`harma serve`); cores that
callers take are missing to them.
"""
