"""A build by workers of a cluster: the rows of the local build, whatever dies."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from tests.index.engines.same_rows import check_same, rows
from tests.index.engines.stand_in import StandInRay

from harma.errors import BusyError, StorageError
from harma.index import fragments
from harma.index.engines import ray_engine, shard_worker, shards
from harma.index.engines.ray_engine import RayEngine
from harma.index.store import Store
from harma.index.writer import Pace

LISTED = "path,owner,cover\n{0},Ann,1\n{1},Bob,2.5\n{2},,none\n{3},Cy,\n"


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    """Shards of four chips, and a commit for each."""
    monkeypatch.setattr(shards, "FIRST_CHIPS", 4)
    monkeypatch.setattr(shards, "MOST_CHIPS", 4)
    monkeypatch.setattr(RayEngine, "pace", Pace(1, 5.0))


@pytest.fixture
def scenes(write_scenes, tmp_path):
    """A list of four scenes of 9 chips, whose properties are not all of one type."""
    paths = write_scenes(tmp_path / "scenes", 4)
    listed = tmp_path / "scenes.csv"
    listed.write_text(LISTED.format(*paths))
    return listed


@pytest.fixture
def local(build_index, scenes, tmp_path):
    """What the engine of this machine makes of them."""
    outcome = build_index(scenes, directory=tmp_path / "local")
    return outcome, rows(tmp_path / "local")


def files_of(directory):
    return set(directory.glob("tables/*/chips.lance/data/*.lance"))


def test_it_makes_the_rows_of_the_local_build(build_index, scenes, local, tmp_path):
    here, expected = local
    there = build_index(scenes, directory=tmp_path / "there", engine=RayEngine(StandInRay()))
    check_same(tmp_path / "there", expected)
    for told in ("num_added", "num_new", "left_out_values", "dates", "problems", "search"):
        assert getattr(there, told) == getattr(here, told), told
    assert there.num_added == 36
    assert {"owner", "cover"} <= Store(tmp_path / "there").property_types().keys()


def test_what_is_there_is_not_done_again(build_index, scenes, local, tmp_path):
    ray = StandInRay()
    build_index(scenes, directory=tmp_path / "local", engine=RayEngine(ray))
    check_same(tmp_path / "local", local[1])
    assert ray.actors == []


@pytest.mark.parametrize("seed", range(8))
def test_workers_that_die_cost_no_chip(build_index, scenes, local, tmp_path, seed):
    rng = random.Random(seed)
    written = shard_worker.ShardWorker._written

    def dies(number, name, args):
        if rng.random() > 0.3:
            return False
        if name == "do" and rng.random() < 0.5:
            # It dies after it has written: an orphan file.
            written.calls.append(args)
            ray.actors[number].worker.do(*args)
        return True

    written.calls = []
    ray = StandInRay(dies, seed=seed)
    there = tmp_path / "there"
    build_index(scenes, directory=there, engine=RayEngine(ray, num_workers=3))
    check_same(there, local[1])
    address = Store(there).chips_address()
    left = fragments.orphans(address, [path.name for path in files_of(there)])
    assert len(left) == len(written.calls)


def test_a_scene_that_kills_its_workers_is_a_problem_and_the_others_are_in(
    build_index, scenes, local, tmp_path
):
    def dies(number, name, args):
        return name == "do" and any("scene2" in task.source.name for task in args[0])

    engine = RayEngine(StandInRay(dies))
    outcome = build_index(scenes, directory=tmp_path / "there", engine=engine)
    (name,) = outcome.problems
    assert "scene2" in name
    assert outcome.problems[name] == "5 workers died while they read it"
    check_same(
        tmp_path / "there",
        {key: row for key, row in local[1].items() if "scene2" not in row["source"]},
    )


def test_a_cluster_on_which_all_workers_die_ends_the_build(build_index, scenes, tmp_path):
    ray = StandInRay(lambda number, name, args: name == "prepare")
    with pytest.raises(StorageError, match=r"27 workers died one after the other.*worker \d+ died"):
        build_index(scenes, directory=tmp_path / "there", engine=RayEngine(ray))
    assert all(actor.is_dead for actor in ray.actors)


def test_a_builder_that_dies_is_given_the_command_again(
    build_index, scenes, local, tmp_path, monkeypatch
):
    there = tmp_path / "there"
    for step in (1, 2, 4):
        calls = iter(range(100))
        with monkeypatch.context() as patched:
            patched.setattr("harma.index.store.store.commit_fragments", _dying(calls, step))
            with pytest.raises(KeyboardInterrupt):
                build_index(scenes, directory=there, engine=RayEngine(StandInRay(seed=step)))
    build_index(scenes, directory=there, engine=RayEngine(StandInRay()))
    check_same(there, local[1])


def _dying(calls, step):
    def commit(*args):
        if next(calls) == step:
            raise KeyboardInterrupt
        fragments.commit_fragments(*args)

    return commit


def test_a_source_that_fails_late_leaves_no_chip(build_index, scenes, local, tmp_path, monkeypatch):
    read = shard_worker.work_on

    def odd(tasks, *args, **options):
        for block in read(tasks, *args, **options):
            if "scene1" in block.task.source.name and 5 in block.task.numbers:
                block = replace(block, chips=[], embeddings=block.embeddings[:0], problem="odd")
            yield block

    monkeypatch.setattr(shard_worker, "work_on", odd)
    there = tmp_path / "there"
    outcome = build_index(scenes, directory=there, engine=RayEngine(StandInRay()))
    (name,) = outcome.problems
    assert "scene1" in name
    check_same(there, {key: row for key, row in local[1].items() if "scene1" not in row["source"]})


def test_a_model_that_is_not_there_is_brought(build_index, scenes, local, model, tmp_path):
    name = model[1]
    hidden = Path(name).with_name("hidden")
    Path(name).rename(hidden)
    try:
        build_index(scenes, directory=tmp_path / "there", engine=RayEngine(StandInRay()))
    finally:
        hidden.rename(name)
    check_same(tmp_path / "there", local[1])


def test_scenes_that_a_worker_does_not_see_end_the_build(
    build_index, scenes, tmp_path, monkeypatch
):
    monkeypatch.setattr(shard_worker, "unseen", lambda tasks: [str(scenes)])
    with pytest.raises(StorageError, match=rf"the worker on \S+ does not see {scenes}.*shared"):
        build_index(scenes, directory=tmp_path / "there", engine=RayEngine(StandInRay()))


def test_another_build_that_took_over_ends_this_one(build_index, scenes, tmp_path):
    there = tmp_path / "there"

    def dies(number, name, args):
        if name == "do" and len(args[0]) == 1:
            fragments.take_over(Store(there).chips_address(), "another")
        return False

    with pytest.raises(BusyError, match="another build writes"):
        build_index(scenes, directory=there, engine=RayEngine(StandInRay(dies)))


def test_an_idle_worker_takes_what_waits_at_another(build_index, scenes, local, tmp_path):
    """The first worker answers last, with a shard that waits."""
    ray = StandInRay(cpus=2)
    ray.wait = lambda answers, **_: _made(ray, answers)
    build_index(scenes, directory=tmp_path / "there", engine=RayEngine(ray))
    check_same(tmp_path / "there", local[1])
    assert len(ray.cancelled) == 1


def _made(ray, answers):
    # Both are ready before either does anything.
    preparing = [answer for answer in answers if answer.name == "prepare"]
    answer = (preparing or answers)[-1]
    answer.make(ray.dies)
    return [answer], []


def test_what_each_worker_is_given(build_index, scenes, tmp_path):
    ray = StandInRay(cpus=8, gpus=1)
    engine = RayEngine(ray, num_workers=2, num_readers=1, device="cpu")
    build_index(scenes, directory=tmp_path / "there", engine=engine)
    first, second = ray.options
    assert first == second
    assert (first["num_cpus"], first["num_gpus"], first["max_restarts"]) == (2, 0.5, 0)


def test_no_worker_for_long_is_said(caplog):
    crew = ray_engine._Crew(StandInRay(cpus=1), ray_engine.crewing(1, 0, 1, 7), None, None, None)
    crew._tell_of_waiting()
    assert "each needs 8 cores and 0.0 GPUs; free are 1 and 0" in caplog.text


def test_the_engine_of_this_machine_goes_on_with_what_a_cluster_made(
    build_index, scenes, local, tmp_path
):
    there = tmp_path / "there"
    build_index(scenes, directory=there, engine=RayEngine(StandInRay()))
    Store(there).drop_sources([next(iter(Store(there).sources()))])
    build_index(scenes, directory=there)
    check_same(there, local[1])
