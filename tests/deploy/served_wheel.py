"""Run by .ci/wheel where only the wheel is installed: draw an archive, serve it, ask it."""

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import harma
from harma.backbones import load_backbone
from harma.training.demo_archive import make_archive

# It lies beside this file there.
from serving import ServerProcess

TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "patch_size": 16, "width": 32, "layers": 2, "head_width": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 4, "layers": 2},
}


def main():
    program = Path(sys.executable).parent / "harma"
    installed = Path(harma.__file__)
    assert "site-packages" in installed.parts, f"this is no wheel: {installed}"
    for name in ("pytest", "mcp", "apprise", "psycopg", "schemathesis", "playwright"):
        assert not any(installed.parents[1].glob(name)), f"{name} is installed"
    folder = Path(tempfile.mkdtemp())
    try:
        load_backbone(TINY).save(folder / "model")
        archive = make_archive(folder, folder / "model", "summer")
        started = time.monotonic()
        state = folder / "state"
        state.mkdir()
        arguments = [str(archive), "--state", str(state), "--metrics"]
        with ServerProcess(arguments, folder, command=(program,)) as server:
            seconds = time.monotonic() - started
            asked = {"text": "ships on the sea", "k": 5}
            status, text = server.ask("/v1/indexes/archive/search", body=asked)
            assert status == 200, text
            features = json.loads(text)["features"]
            assert len(features) == 5
            chip = features[0]["id"]
            for path, kind in (
                ("/?f=html", "<html"),
                (f"/v1/indexes/archive/chips/{chip}/image", ""),
                (f"/collections/archive/items/{chip}", chip),
                ("/metrics", "harma_requests"),
                ("/openapi.json", "openapi"),
            ):
                accept = {"Accept": "text/html"} if "html" in path else {}
                status, text = server.ask(path, headers=accept)
                assert status == 200, (path, text[:300])
                assert kind in text, path
            saved = {"index": "archive", "name": "ships", "asked": asked}
            assert server.ask("/v1/searches", body=saved)[0] == 201
        assert any(state.iterdir()), "nothing was kept in --state"
        assert server.stop() == 0
    finally:
        shutil.rmtree(folder)
    sys.stdout.write(f"harma {harma.__version__} from its wheel: ready after {seconds:.1f} s\n")


if __name__ == "__main__":
    main()
