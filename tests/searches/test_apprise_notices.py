"""Mail and chat by apprise, which is given addresses that reach nobody."""

import sys

import pytest
from tests.searches.made_events import event

from harma.errors import MissingDependencyError
from harma.searches.apprise_notices import notify, text_of
from harma.searches.webhook_hosts import NotToldError

apprise = pytest.importorskip("apprise")


@pytest.fixture
def sent(monkeypatch):
    """What services were given; those of broken.example do not answer."""
    given = []

    def send(self, body, title):
        given.append((self.url(), title, body))
        return "broken" not in self.url()

    def told(self, title, body):
        return all(send(service, body, title) for service in self)

    monkeypatch.setattr(apprise.Apprise, "notify", told)
    return given


def test_each_address_is_told(sent):
    notify(["json://one.example", "json://two.example"], "harbours", [event(1), event(2)])
    assert [title for _, title, _ in sent] == ["harbours: 2 new"] * 2
    assert "a_20200102.tif, 2020-01-02: clear, score 0.750" in sent[0][2]


def test_who_was_not_told_is_named_without_passwords(sent):
    addresses = ["json://user:password@broken.example", "nonsense://x", "json://two.example"]
    with pytest.raises(NotToldError) as raised:
        notify(addresses, "harbours", [event()])
    assert raised.value.problem.startswith("json://…, nonsense://… could not be told")
    assert "password" not in str(raised.value)
    assert len(sent) == 2


def test_long_lists_are_cut():
    lines = text_of([event(number) for number in range(1, 15)]).splitlines()
    assert len(lines) == 11
    assert lines[-1] == "and 4 more"
    assert "secret" not in "".join(lines)


def test_a_change_and_what_has_no_date():
    lines = text_of([event(gain=0.2, taken=None, taken_end=None, standing="")])
    assert lines == "a_20200102.tif, no date known: gain +0.200"


def test_apprise_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'harma\[notify\]'"):
        notify(["mailto://a:b@example.org"], "harbours", [event()])
