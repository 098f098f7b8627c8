import json

from harma.curation.audit.audit import Audit, AuditedImage, SharedCaption, audit
from harma.curation.audit.copies import Copy
from harma.curation.audit.exclusion import exclusions
from harma.curation.audit.report import audit_record, caption_table, copy_table, write_audit


def test_tables_by_split(source):
    found = audit([source])
    assert dict(caption_table(found)) == {
        ("one train", "one train"): 1,
        ("one train", "one test"): 1,
    }
    assert dict(copy_table(found)) == {
        ("one train", "one val"): (1, 0, 0),
        ("one train", "one test"): (1, 0, 0),
    }


def test_everything_goes_to_json(source):
    found = audit([source])
    content = json.loads(json.dumps(audit_record(found, exclusions(found))))
    assert content["num_images"] == 5
    assert content["near_copies_looked_for"] is True
    assert content["copies"][0]["second"] == {"data": "one", "split": "val", "image": "d.png"}
    assert [len(group) for group in content["groups"]] == [2, 2]
    assert len(content["captions"][0]["images"]) == 3
    assert content["exclude"][1] == {
        "data": "one",
        "split": "train",
        "image": "b.png",
        "copy_of": "one test e.png",
    }


def test_all_files_of_an_audit(source, tmp_path):
    found = audit([source])
    paths = write_audit(tmp_path, ["one"], found, exclusions(found), most_pairs=5)
    assert [path.name for path in paths] == [
        "exclude_one.csv",
        "audit.json",
        "pairs.html",
        "pairs.png",
    ]
    assert all(path.is_file() for path in paths)


def test_tables_count_pairs_and_captions_by_hand():
    parts = (("x", "train"), ("x", "train"), ("x", "test"), ("y", "train"))
    images = tuple(AuditedImage(*part, f"{i}.png", None) for i, part in enumerate(parts))
    copies = (
        Copy(0, 1, "near"),
        Copy(0, 2, "pixels"),
        Copy(1, 2, "near"),
        Copy(1, 3, "file"),
        Copy(2, 3, "near"),
    )
    captions = (SharedCaption("a", (0, 1, 3)), SharedCaption("b", (0, 2)))
    found = Audit(images, copies, (), captions, (), True)
    # File, pixels, near.
    assert copy_table(found) == [
        (("x test", "y train"), (0, 0, 1)),
        (("x train", "x test"), (0, 1, 1)),
        (("x train", "x train"), (0, 0, 1)),
        (("x train", "y train"), (1, 0, 0)),
    ]
    assert caption_table(found) == [
        (("x train", "x test"), 1),
        (("x train", "x train"), 1),
        (("x train", "y train"), 1),
    ]
    # Whichever image of a pair is the first: splits stand in the order of the audit.
    turned = Audit(images, (Copy(2, 1, "near"),), (), (), (), True)
    assert copy_table(turned) == [(("x train", "x test"), (0, 0, 1))]
    (copy,) = audit_record(turned, ())["copies"]
    assert copy == {
        "first": {"data": "x", "split": "test", "image": "2.png"},
        "second": {"data": "x", "split": "train", "image": "1.png"},
        "kind": "near",
        "agreement": 1.0,
        "turn": "",
        "overlap": 1.0,
    }
