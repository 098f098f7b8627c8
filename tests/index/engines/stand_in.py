"""Ray's calls as the engine makes them, in this process: workers die as a test says."""

import random
from types import SimpleNamespace


class StandInError(Exception):
    """A worker is lost."""


class StandInTaskError(StandInError):
    """A worker said what is wrong."""

    def __init__(self, cause):
        super().__init__(str(cause))
        self.cause = cause


class StandInRay:
    """Calls are made when they are waited for, in an order that the seed gives.

    Args:
        dies: called with (number of the worker, name of the method, its arguments) before a call;
            True loses the worker.
        cpus: of the cluster.
    """

    exceptions = SimpleNamespace(RayError=StandInError, RayTaskError=StandInTaskError)

    def __init__(self, dies=lambda *_: False, *, cpus=2, gpus=0, seed=0):
        self.dies = dies
        self.resources = {"CPU": cpus, "GPU": gpus}
        self.rng = random.Random(seed)
        self.actors = []
        self.options = []
        self.cancelled = []

    def cluster_resources(self):
        return self.resources

    def available_resources(self):
        return self.resources

    def remote(self, kind):
        def make(*args):
            actor = _Actor(len(self.actors), kind(*args))
            self.actors.append(actor)
            return actor

        def options(**said):
            self.options.append(said)
            return SimpleNamespace(remote=make)

        return SimpleNamespace(options=options)

    def wait(self, answers, *, num_returns, timeout):
        assert num_returns == 1
        answer = self.rng.choice(answers)
        answer.make(self.dies)
        return [answer], [other for other in answers if other is not answer]

    def get(self, answer):
        if answer.error is not None:
            raise answer.error
        return answer.result

    def put(self, value):
        return value

    def kill(self, actor):
        actor.is_dead = True

    def cancel(self, answer):
        self.cancelled.append(answer)


class _Actor:
    def __init__(self, number, worker):
        self.number = number
        self.worker = worker
        self.is_dead = False

    def __getattr__(self, name):
        return SimpleNamespace(remote=lambda *args: _Answer(self, name, args))


class _Answer:
    def __init__(self, actor, name, args):
        self.actor = actor
        self.name = name
        self.args = args
        self.result = None
        self.error = None

    def make(self, dies):
        actor = self.actor
        if actor.is_dead or dies(actor.number, self.name, self.args):
            actor.is_dead = True
            self.error = StandInError(f"worker {actor.number} died")
            return
        try:
            self.result = getattr(actor.worker, self.name)(*self.args)
        except Exception as error:
            self.error = StandInTaskError(error)
