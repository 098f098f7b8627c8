"""Annotations of every format, through check, stats, split, audit and what training loads."""

import csv
import io
import json
import random
import sys
import tarfile

import numpy as np
from PIL import Image
from tests.fuzz.damage import damaged
from tests.fuzz.edge import Edge, Verdict
from tests.fuzz.judging import command, judge_answer, judge_error
from tests.fuzz.odd_values import with_odd_value

from harma.data.annotations import load_split
from harma.data.description import load_description
from harma.errors import HarmaError

NUM_IMAGES = 9
SPLITS = ("train", "val", "test")
WORDS = ("a red roof", "two ships", "a field of wheat", "many trees", "a road", "the harbour")


def make(chance, folder):
    form = chance.choice(tuple(FORMS))
    (folder / "images").mkdir()
    rng = np.random.default_rng(chance.getrandbits(64))
    names = []
    for number in range(NUM_IMAGES):
        name = f"image_{number}.png"
        side = chance.choice((8, 16))
        pixels = rng.integers(0, 256, (side, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "images" / name)
        names.append(name)
    files = FORMS[form](chance, folder, names)
    lines = ["name: made", f"format: {form}", "images: images"]
    lines += [f"{split}: {json.dumps(named)}" for split, named in files.items()]
    (folder / "data.yaml").write_text("\n".join(lines) + "\n")
    if chance.random() < 0.1:
        target = folder / "images" / chance.choice(names)
        target.write_bytes(damaged(chance, target.read_bytes()))
    return form


def _captions(chance: random.Random) -> list[str]:
    return [chance.choice(WORDS) for _ in range(chance.choice((1, 1, 2, 5)))]


def _parts(names: list[str]) -> dict[str, list[str]]:
    return dict(zip(SPLITS, (names[:5], names[5:7], names[7:]), strict=True))


def _written(chance, path, content) -> None:
    """JSON as it is, with an odd value, or with damage to its bytes."""
    kind = chance.choices(("good", "odd", "bytes", "twice", "cut"), (2, 8, 4, 1, 1))[0]
    if kind == "odd":
        for _ in range(chance.choice((1, 1, 2, 4))):
            content = with_odd_value(chance, content)
    text = _json(content)
    if kind == "twice":
        text = text.replace('"caption":', '"caption": "lost", "caption":', 1)
    data = text.encode("utf-8", "surrogatepass")
    if kind == "bytes":
        data = damaged(chance, data, head=len(data))
    elif kind == "cut":
        data = data[: chance.randrange(len(data) + 1)]
    path.write_bytes(data)


def _json(content) -> str:
    limit, digits = sys.getrecursionlimit(), sys.get_int_max_str_digits()
    # Values are deeper and longer than Python writes by itself.
    sys.setrecursionlimit(20_000)
    sys.set_int_max_str_digits(0)
    try:
        return json.dumps(content)
    finally:
        sys.setrecursionlimit(limit)
        sys.set_int_max_str_digits(digits)


def _harma(chance, folder, names):
    per_image = chance.random() < 0.5
    for split, own in _parts(names).items():
        rows = []
        for number, name in enumerate(own):
            shared = {"image": name, "label_name": "x" if number % 2 else "y", "label": number % 2}
            if per_image:
                rows.append({"caption": _captions(chance), **shared})
            else:
                rows += [
                    {"caption": text, "image_id": number, **shared} for text in _captions(chance)
                ]
        _written(chance if split == "train" else random.Random(0), folder / f"{split}.json", rows)
    return {split: f"{split}.json" for split in SPLITS}


def _karpathy(chance, folder, names):
    images = []
    for split, own in _parts(names).items():
        for number, name in enumerate(own):
            sentences = [{"raw": text, "tokens": text.split()} for text in _captions(chance)]
            images.append(
                {"filename": name, "imgid": number, "split": split, "sentences": sentences}
            )
    _written(chance, folder / "dataset.json", {"images": images, "dataset": "made"})
    return dict.fromkeys(SPLITS, "dataset.json")


def _coco(chance, folder, names):
    for split, own in _parts(names).items():
        images = [{"id": number, "file_name": name} for number, name in enumerate(own)]
        annotations = [
            {"id": 10 * number + k, "image_id": number, "caption": text}
            for number in range(len(own))
            for k, text in enumerate(_captions(chance))
        ]
        content = {"images": images, "annotations": annotations}
        _written(
            chance if split == "train" else random.Random(0), folder / f"{split}.json", content
        )
    return {split: f"{split}.json" for split in SPLITS}


def _nwpu(chance, folder, names):
    content: dict = {"a": [], "b": []}
    for split, own in _parts(names).items():
        for number, name in enumerate(own):
            row = {"filename": name, "split": split}
            for k, text in enumerate(_captions(chance)):
                row[f"raw{'_' + str(k) if k else ''}"] = text
            content["ab"[number % 2]].append(row)
    _written(chance, folder / "dataset.json", content)
    return dict.fromkeys(SPLITS, "dataset.json")


def _csv(chance, folder, names):
    for split, own in _parts(names).items():
        buffer = io.StringIO()
        delimiter = chance.choice((",", ",", "\t", ";"))
        writer = csv.writer(buffer, delimiter=delimiter)
        header = chance.choice(
            (("filepath", "title"), ("image", "caption"), ("image", "caption", "label"))
        )
        writer.writerow(header)
        for name in own:
            for text in _captions(chance):
                writer.writerow([name, text, "x"][: len(header)])
        data = buffer.getvalue().encode()
        if split == "train":
            data = _damaged_text(chance, data)
        (folder / f"{split}.csv").write_bytes(data)
    return {split: f"{split}.csv" for split in SPLITS}


def _damaged_text(chance, data: bytes) -> bytes:
    kind = chance.choice(("good", "bytes", "bytes", "odd", "cut", "empty", "nul", "quote", "mark"))
    if kind == "bytes":
        return damaged(chance, data, head=len(data))
    if kind == "cut":
        return data[: chance.randrange(len(data) + 1)]
    if kind == "empty":
        return b""
    if kind == "odd":
        return data + chance.choice(("\u2028", "\0", "\r", ",,,,", '"', "x" * 200_000)).encode()
    if kind == "nul":
        return data.replace(b"a", b"\0", 1)
    if kind == "quote":
        return data.replace(b",", b',"', 1)
    if kind == "mark":
        return chance.choice((b"\xef\xbb\xbf" + data, data.decode().encode("utf-16")))
    return data


def _caps(chance, folder, names):
    files = {}
    for split, own in _parts(names).items():
        captions = "".join(f"{chance.choice(WORDS)}\n" for _ in own).encode()
        listed = "".join(f"{name}\n" for name in own).encode()
        if split == "train":
            captions = _damaged_text(chance, captions)
            listed = _damaged_text(chance, listed) if chance.random() < 0.5 else listed
        (folder / f"{split}_caps.txt").write_bytes(captions)
        (folder / f"{split}_filename.txt").write_bytes(listed)
        files[split] = [f"{split}_caps.txt", f"{split}_filename.txt"]
    return files


def _webdataset(chance, folder, names):
    for split, own in _parts(names).items():
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for number, name in enumerate(own):
                members = [(".png", (folder / "images" / name).read_bytes())]
                if chance.random() < 0.5:
                    members.append((".txt", chance.choice(WORDS).encode()))
                else:
                    facts = {"caption": chance.choice(WORDS), "key": number}
                    if split == "train" and chance.random() < 0.5:
                        facts = with_odd_value(chance, facts)
                    members.append((".json", _json(facts).encode("utf-8", "surrogatepass")))
                for suffix, content in members:
                    stem = f"{number:05d}"
                    if split == "train" and chance.random() < 0.05:
                        stem = chance.choice(("../x", "/etc/x", "a/b", "x" * 300, "é", ""))
                    info = tarfile.TarInfo(stem + suffix)
                    info.size = len(content)
                    archive.addfile(info, io.BytesIO(content))
        data = buffer.getvalue()
        if split == "train" and chance.random() < 0.6:
            data = damaged(chance, data, head=chance.choice((512, len(data))))
        (folder / f"{split}.tar").write_bytes(data)
    return {split: f"{split}.tar" for split in SPLITS}


FORMS = {
    "harma": _harma,
    "karpathy": _karpathy,
    "coco": _coco,
    "nwpu": _nwpu,
    "csv": _csv,
    "caps": _caps,
    "webdataset": _webdataset,
}


def judge(folder, made):
    names = [str(folder), *(path.name for path in folder.rglob("*") if path.is_file())]
    description = str(folder / "data.yaml")
    failed = []
    for split in SPLITS:
        try:
            loaded = load_split(load_description(description), split, folder)
        except HarmaError as error:
            verdict = judge_error(error, names)
            if not verdict.passes:
                return verdict
            failed.append(verdict)
            continue
        wrong = _wrong_split(loaded, folder, made, split)
        if wrong:
            return Verdict("wrong", wrong)
    checked = command(["data", "check", description, "--num-workers", "1"])
    verdict = judge_answer(checked, names)
    if verdict is not None and not verdict.passes:
        return verdict
    if failed and checked.status == 0:
        return Verdict("silent", "check finds nothing, and training cannot load it", str(failed))
    action = random.Random(description).choice(("stats", "split", "audit"))
    arguments = ["data", action, description, "--num-workers", "1"]
    if action != "stats":
        arguments += ["--output", str(folder / "output")]
    answer = judge_answer(command(arguments), names)
    if answer is not None and not answer.passes:
        return answer
    return failed[0] if failed else answer


def _wrong_split(loaded, folder, form: str, split: str) -> str:
    """What differs from what Python's own readers see."""
    if loaded.num_images == 0 or loaded.num_captions == 0:
        return "a split of nothing"
    if any(not caption.strip() for caption in loaded.captions):
        return "an empty caption"
    if form == "harma":
        rows = json.loads((folder / f"{split}.json").read_bytes().decode("utf-8-sig"))
        texts = [row["caption"] for row in rows]
        count = sum(len(text) if isinstance(text, list) else 1 for text in texts)
    elif form == "coco":
        content = json.loads((folder / f"{split}.json").read_bytes().decode("utf-8-sig"))
        count = len(content["annotations"])
    elif form == "karpathy":
        content = json.loads((folder / "dataset.json").read_bytes().decode("utf-8-sig"))
        own = [image for image in content["images"] if image["split"] in _also(split)]
        count = sum(len(image["sentences"]) for image in own)
    else:
        return ""
    if loaded.num_captions != count:
        return f"other captions than the file has ({form})"
    return ""


def _also(split: str) -> tuple[str, ...]:
    return ("train", "restval") if split == "train" else (split,)


EDGE = Edge("annotations", make, judge, each=40, share=12)
