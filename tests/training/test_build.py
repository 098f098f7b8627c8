import pytest

from harma.errors import DataError
from harma.training.build import load_splits
from harma.training.recipe import DataConfig


def test_images_of_the_list_are_left_out_of_train_only(tiny_data, tmp_path, caplog):
    (tmp_path / "exclude.csv").write_text(
        "data,split,image,copy_of\ntiny,train,train_3.png,x\ntiny,val,val_0.png,x\nother,train,train_4.png,x\n"
    )
    config = DataConfig(name=str(tiny_data / "data.yaml"), exclude=str(tmp_path / "exclude.csv"))
    with caplog.at_level("INFO", logger="harma"):
        splits = load_splits(config, "train", "val")
    assert (splits["train"].num_images, splits["val"].num_images) == (23, 8)
    assert "train_3.png" not in splits["train"].image_names
    assert splits["train"].num_captions == 46
    assert "1 of 24 images of train are left out, 23 are left" in caplog.text


def test_an_unknown_name_stops_the_training(tiny_data, tmp_path):
    (tmp_path / "exclude.txt").write_text("train_3.png\ntrain_99.png\n")
    config = DataConfig(name=str(tiny_data / "data.yaml"), exclude=str(tmp_path / "exclude.txt"))
    with pytest.raises(
        DataError, match=r"exclude\.txt line 2: 'train_99\.png' is no image of split train"
    ):
        load_splits(config, "train")
