"""An index beside its parts that are served as one: waiting, memory, and the same hits."""

import itertools
import statistics

from benchmarks.serve import enlarged
from benchmarks.serve.asking import texts, timed, told
from benchmarks.serve.searching import posted
from benchmarks.serve.server import NAME, Server

from harma.index.split import Sharding, split_index

# Rounds, one server after the other: what else the machine does hits both.
ROUNDS = 3


def measure(args):
    """Both servers at once, asked in turns; ratios of the group to the index as a whole."""
    if args.vectors is not None:
        args.output = args.index
        enlarged.make(args)
    shards = args.index.with_name(f"{args.index.name}-parts")
    if not shards.is_dir():
        split_index(args.index, shards, Sharding("region", degrees=args.degrees))
    places = sorted(shards.iterdir())
    further = [f"{NAME}={place}" for place in places[1:]]
    with Server(args.index) as whole, Server(places[0], *further) as group:
        for label, server in (("whole", whole), (f"{len(places)} parts", group)):
            print(f"{label}: ready after {server.seconds_to_ready:.1f} s")
        for label, values in enlarged.ALSO.items():
            compare(args, label, values, (whole, group))
        compare_memory(whole, group)
        with Server(places[0], *further, *map(str, places)) as beside:
            compare_memory(group, beside, "the group with its parts beside it: the group")


def compare(args, label, values, servers):
    """Searches of one kind: times of both in turns, and how many hits they have in common."""
    asked = texts(11)
    times = {server: [] for server in servers}
    cpu = dict.fromkeys(servers, 0.0)
    same = []
    for _ in range(ROUNDS):
        part = list(itertools.islice(asked, args.queries // ROUNDS))
        found = []
        for server in servers:
            with server.client() as client:
                before = server.cpu_seconds()
                times[server] += timed(lambda text: posted(client, text, **values), part)
                cpu[server] += server.cpu_seconds() - before
                # Of the kept lists: no search is made again.
                found.append([ids(posted(client, text, **values)) for text in part[:10]])
        same += [len(one & other) / max(1, len(one)) for one, other in zip(*found, strict=True)]
    whole, group = servers
    told(f"{label}, whole", times[whole], cpu=cpu[whole])
    told(f"{label}, parts", times[group], cpu=cpu[group])
    ratio = statistics.median(times[group]) / statistics.median(times[whole])
    print(
        f"{label}: parts to whole {ratio:.2f} x the median, {cpu[group] / cpu[whole]:.2f} x the CPU"
        f" seconds; {100 * statistics.mean(same):.1f} % of the hits are the same"
    )


def ids(answer):
    """Ids of the hits of an answer."""
    return {feature["id"] for feature in answer["features"]}


def compare_memory(one, other, what="parts to whole"):
    """Memory of two servers now."""
    mb = one.resident_mb(), other.resident_mb()
    print(f"{what}: {mb[1]} MB to {mb[0]} MB, {mb[1] / mb[0]:.2f} x")
