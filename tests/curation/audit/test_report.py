import json

from harma.curation.audit.audit import audit
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
