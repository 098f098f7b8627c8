"""`harma serve`: flags become settings; keys are made; what is not usable is told."""

from pathlib import Path

import pytest

from harma.cli import main
from harma.cli.serve import LIMITS, named_index
from harma.ground.storage.home import home_of
from harma.serve import running
from harma.serve.keys import read_keys
from harma.serve.settings import Limits


@pytest.fixture
def settings_of(monkeypatch):
    """The settings that a command line starts a server with."""

    def run(*words):
        taken = []
        monkeypatch.setattr(
            running,
            "run_server",
            lambda settings, say, **options: taken.append((settings, options)),
        )
        assert main(["serve", *words]) == 0
        return taken[0]

    return run


def test_as_it_is_usually_started(settings_of):
    settings, options = settings_of("indexes/my archive.2024")
    assert settings.indexes == {"my-archive-2024": home_of("indexes/my archive.2024")}
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.limits == Limits()
    assert options == {"opens_browser": False}


def test_flags(settings_of):
    settings, options = settings_of(
        "coast=a",
        "b",
        *["--port", "0", "--open", "--read-only", "--metrics", "--root-path", "/harma/"],
        *["--trusted-proxy", "10.0.0.0/8", "--trusted-proxy", "::1", "--name", "maps.example"],
        *["--origin", "https://a.example", "--frame-ancestor", "https://b.example"],
        *["--max-k", "200", "--max-threads", "4", "--max-upload-bytes", "5000000"],
        *["--webhook-host", "hooks.example", "--trust-header", "X-User"],
        *["--allow-notify", "--no-watches", "--webhook-secret-file", "secret.txt"],
    )
    assert settings.indexes == {"coast": home_of("a"), "b": home_of("b")}
    assert options == {"opens_browser": True}
    assert settings.root_path == "/harma"
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1")
    assert settings.hosts == ("maps.example",)
    assert settings.limits == Limits(k=200, threads=4, upload_bytes=5_000_000)
    assert settings.is_read_only
    assert settings.can_notify
    assert settings.has_metrics
    assert settings.webhook_hosts == ("hooks.example",)
    assert settings.webhook_secret_file == Path("secret.txt")
    assert settings.can_notify
    assert not settings.runs_watches


def test_webhooks_are_named_in_the_environment_too(settings_of, monkeypatch):
    monkeypatch.setenv("HARMA_WEBHOOK_HOSTS", "a.example,b.example")
    monkeypatch.setenv("HARMA_WEBHOOK_SECRET_FILE", "secret.txt")
    settings, _ = settings_of("a", "--webhook-host", "hooks.example")
    assert settings.webhook_hosts == ("hooks.example", "a.example", "b.example")
    assert settings.webhook_secret_file == Path("secret.txt")


def test_help_says_the_usual_limits(capsys):
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    assert "hits of one answer (1,000)" in capsys.readouterr().out


def test_every_limit_has_a_flag():
    assert LIMITS.keys() == vars(Limits()).keys()


@pytest.mark.parametrize(
    ("text", "name", "place"),
    [
        ("archive", "archive", "archive"),
        ("a/b/archive/", "archive", "a/b/archive"),
        ("x=a/b", "x", "a/b"),
        ("a/x=1/archive", "archive", "a/x=1/archive"),
        ("a/Ärchiv 1", "rchiv-1", "a/Ärchiv 1"),
    ],
)
def test_names_of_indexes(text, name, place):
    assert named_index(text) == (name, home_of(place), text.startswith("x="))


@pytest.mark.parametrize("words", [["a/archive", "b/archive"], ["a/archive", "archive=b"]])
def test_two_of_one_name(words, capsys):
    assert main(["serve", *words]) == 2
    told = capsys.readouterr().err
    assert "two indexes are called archive" in told
    assert "or archive=DIRECTORY for each to search them as one" in told


def test_several_that_are_given_one_name_are_searched_as_one(settings_of):
    settings, _ = settings_of("world=a+b", "c", "world=d,e=f", "x=c", "world=c")
    assert settings.groups == {"world": (home_of("a+b"), home_of("d,e=f"), home_of("c"))}
    assert settings.indexes == {"c": home_of("c"), "x": home_of("c")}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no index is named"),
        (["nothing"], "is no index"),
        (["nothing", "--host", "0.0.0.0"], "is no index"),
        (["--make-key", "anna"], "--make-key needs --key-file FILE"),
    ],
)
def test_what_is_not_usable(words, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["serve", *words]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("words", [["ftp://bucket/x"], ["a", "--port", "x"], ["a", "--max-k", "0"]])
def test_what_argparse_tells(words):
    with pytest.raises(SystemExit) as ended:
        main(["serve", *words])
    assert ended.value.code == 2


def test_open_to_a_network_only_with_keys(archive_of_settings, capsys):
    assert main(["serve", str(archive_of_settings), "--host", "0.0.0.0"]) == 2
    assert "can be reached from other machines" in capsys.readouterr().err


@pytest.fixture
def archive_of_settings(build_index, write_scenes, tmp_path):
    write_scenes(tmp_path / "scenes", 1)
    build_index(tmp_path / "scenes")
    return tmp_path / "index"


def test_a_key_is_made(tmp_path, capsys):
    file = tmp_path / "keys.txt"
    assert main(["serve", "--make-key", "anna", "--key-file", str(file)]) == 0
    key = capsys.readouterr().out.split()[0]
    assert read_keys(file).name_of(key) == "anna"
