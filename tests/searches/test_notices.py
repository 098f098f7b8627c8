"""Telling: at least once, again where it failed, one at a time, and never losing an event."""

import datetime as dt
import json

import pytest
from tests.searches.receiver import Receiver

from harma.errors import MissingDependencyError
from harma.searches import notices as telling
from harma.searches.notices import Notices, tell_all

SECRET = b"0123456789abcdef"


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def allowed(receiver):
    return Notices((receiver.host,), SECRET)


@pytest.fixture
def clock(monkeypatch):
    """A clock of telling, which a test moves."""

    class Clock:
        now = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)

        def move(self, **time):
            self.now += dt.timedelta(**time)

    made = Clock()
    monkeypatch.setattr(telling, "now", lambda: made.now)
    return made


@pytest.fixture
def mails(monkeypatch):
    """What apprise was given."""
    sent = []
    monkeypatch.setattr(telling, "notify", lambda *message: sent.append(message))
    return sent


def told(receiver):
    """The chips of each message."""
    messages = [json.loads(body) for _, _, body in receiver.messages]
    return [
        [feature["properties"]["chip"] for feature in message["events"]] for message in messages
    ]


def tell(watched, notices):
    return list(tell_all(watched.book, notices))


def test_events_are_told_once(watched, receiver, allowed):
    watched.watch(webhook=receiver.address)
    assert tell(watched, allowed) == []
    watched.add("c", [0.7, 0.6], day=2)
    watched.run()
    assert tell(watched, allowed) == []
    assert tell(watched, allowed) == []
    assert told(receiver) == [["c|c|0", "c|c|1"]]
    assert watched.get().last_problem == ""


def test_many_events_are_told_in_several_messages(watched, receiver, allowed, monkeypatch):
    monkeypatch.setattr(telling, "EVENTS_AT_ONCE", 2)
    watched.watch(webhook=receiver.address)
    watched.add("c", [0.9, 0.8, 0.7, 0.6, 0.55], day=2)
    watched.run()
    tell(watched, allowed)
    assert [len(chips) for chips in told(receiver)] == [2, 2, 1]


def test_who_cannot_be_told_is_told_later_after_longer_and_longer_pauses(
    watched, receiver, allowed, clock
):
    receiver.status = 503
    watched.watch(webhook=receiver.address)
    watched.add("c", [0.7], day=2)
    watched.run()
    assert "refuses it (status 503)" in tell(watched, allowed)[0]
    assert "refuses it (status 503)" in watched.get().last_problem
    # Too early to try again; a run of the watch does not hide what is wrong.
    assert tell(watched, allowed) == []
    watched.run()
    assert "refuses it" in watched.get().last_problem
    clock.move(seconds=61)
    assert len(tell(watched, allowed)) == 1
    clock.move(seconds=61)
    assert tell(watched, allowed) == []
    receiver.status = 200
    clock.move(seconds=61)
    watched.add("d", [0.7], day=3)
    watched.run()
    assert tell(watched, allowed) == []
    assert watched.get().last_problem == ""
    assert told(receiver) == [["c|c|0"], ["c|c|0"], ["c|c|0", "d|d|0"]]


def test_pauses_end_at_a_day(watched, receiver, allowed, clock):
    receiver.status = 500
    watched.watch(webhook=receiver.address)
    watched.add("c", [0.7], day=2)
    watched.run()
    for _ in range(20):
        assert len(tell(watched, allowed)) == 1
        clock.move(days=1, seconds=1)


def test_a_clock_that_is_turned_back_holds_nothing_up(watched, receiver, allowed, clock):
    clock.move(days=3000)
    receiver.status = 500
    watched.watch(webhook=receiver.address)
    watched.add("c", [0.7], day=2)
    watched.run()
    assert len(tell(watched, allowed)) == 1
    receiver.status = 200
    clock.move(days=-3000)
    assert tell(watched, allowed) == []
    assert told(receiver) == [["c|c|0"]] * 2


def test_one_that_was_killed_while_telling_holds_it_up_for_minutes(
    watched, receiver, allowed, clock, monkeypatch
):
    watched.watch(webhook=receiver.address)
    watched.add("c", [0.7], day=2)
    watched.run()

    class KilledError(BaseException):
        pass

    def die(*_):
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(telling, "post", die)
        patch.setattr(telling, "_let_go", lambda *_: None)
        with pytest.raises(KilledError):
            tell(watched, allowed)
    assert tell(watched, allowed) == []
    clock.move(minutes=11)
    assert tell(watched, allowed) == []
    assert told(receiver) == [["c|c|0"]]


def test_hosts_are_looked_at_again_when_they_are_told(watched, receiver):
    watched.watch(webhook=receiver.address)
    watched.add("c", [0.7], day=2)
    watched.run()
    assert "not among those that may be told" in tell(watched, Notices((), SECRET))[0]
    assert receiver.messages == []


def test_without_a_secret_nothing_is_told(watched, receiver):
    watched.watch(webhook=receiver.address)
    watched.add("c", [0.7], day=2)
    watched.run()
    assert "no secret is named" in tell(watched, Notices((receiver.host,)))[0]
    assert receiver.messages == []


def test_events_from_before_there_was_a_receiver_are_not_told(watched, receiver, allowed):
    watched.watch()
    watched.add("c", [0.7], day=2)
    watched.run()
    watched.put(webhook=receiver.address)
    watched.add("d", [0.7], day=3)
    watched.run()
    tell(watched, allowed)
    assert told(receiver) == [["d|d|0"]]


def test_mail_and_webhook_are_told_apart(watched, receiver, allowed, clock, mails):
    receiver.status = 500
    watched.watch(webhook=receiver.address, notify=("mailto://a:b@example.org",))
    watched.add("c", [0.7], day=2)
    watched.run()
    assert len(tell(watched, allowed)) == 1
    clock.move(minutes=2)
    receiver.status = 200
    assert tell(watched, allowed) == []
    # The mail was sent at the first try, and not again.
    assert [(addresses, name) for addresses, name, _ in mails] == [
        (("mailto://a:b@example.org",), "harbours")
    ]


def test_a_service_that_does_not_answer_is_a_problem(watched, monkeypatch, clock):
    def fail(*_):
        raise MissingDependencyError("mail and chat need apprise: pip install 'harma[notify]'")

    monkeypatch.setattr(telling, "notify", fail)
    watched.watch(notify=("mailto://a:b@example.org",))
    watched.add("c", [0.7], day=2)
    watched.run()
    assert tell(watched, Notices()) == ["mail and chat need apprise: pip install 'harma[notify]'"]
    assert "harma[notify]" in watched.get().last_problem


def test_addresses_may_be_left_untold(watched, mails):
    watched.watch(notify=("mailto://a:b@example.org",))
    watched.add("c", [0.7], day=2)
    watched.run()
    assert "--allow-notify" in tell(watched, Notices(can_notify=False))[0]
    assert mails == []


def test_one_watch_that_cannot_tell_holds_up_no_other(watched, receiver, allowed, mails):
    watched.watch("s1", webhook="http://evil.example/")
    watched.watch("s2", webhook=receiver.address)
    watched.add("c", [0.7], day=2)
    watched.run("s1")
    watched.run("s2")
    assert len(tell(watched, allowed)) == 1
    assert told(receiver) == [["c|c|0"]]
