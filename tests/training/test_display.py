"""What a person sees of a running training."""

from harma.training.display import TrainingDisplay


def test_where_there_is_no_terminal_an_epoch_is_a_line(capsys):
    with TrainingDisplay(12, 3) as display:
        display.resumed(4)
        display.step(2, 5, 1.25, 1e-3)
        display.epoch(2, 1.23456, 61.7)
        display.validation(2, "mR", 40.126, best=True)
        display.validation(3, "mR", 39.0, best=False)
    lines = [line.rstrip() for line in capsys.readouterr().err.splitlines()]
    assert lines == [
        "resumed after step 4",
        "epoch 2/3  loss 1.2346  62 s",
        "  validation mR 40.13  (best so far)",
        "  validation mR 39.00",
    ]


def test_a_new_run_is_not_said_to_be_resumed_and_other_processes_say_nothing(capsys):
    with TrainingDisplay(12, 3) as display:
        display.resumed(0)
    with TrainingDisplay(12, 3, enabled=False) as display:
        display.resumed(4)
        display.epoch(2, 1.0, 60.0)
    assert capsys.readouterr().err == ""
