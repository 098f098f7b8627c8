"""Cross-validation: one plan for each fold of the data, whose test parts judge every image once."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harma.comparison.plan import Plan
from harma.comparison.plan_rows import PlanRow
from harma.curation.splitting import LEAST_FOLDS
from harma.errors import ConfigError, DataError, MissingFileError
from harma.ground.reading import read_yaml
from harma.training.build import load_splits


def read_folds(path: Path) -> list[str]:
    """The data description of each fold, as `harma data split --folds` names them.

    Raises:
        MissingFileError: the file is not there.
        ConfigError: it names no folds, or fewer than three.
    """
    if not path.is_file():
        raise MissingFileError(
            f"there are no folds in {path}; make them: harma data split DATA --folds 5 --output DIR"
        )
    content = read_yaml(path, "the folds")
    names = content.get("folds") if isinstance(content, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(
            f"{path} names no folds; give the folds.yaml that harma data split --folds writes"
        )
    if len(names) < LEAST_FOLDS:
        raise ConfigError(f"{path} names {len(names)} folds; {LEAST_FOLDS} or more are needed")
    return [str(path.parent / name) for name in names]


def fold_plans(plan: Plan) -> list[Plan]:
    """The plan of each fold: the same rows on its data, in a directory of its own.

    Raises:
        MissingFileError: the file of folds is not there.
        ConfigError: it names none.
    """
    if plan.folds is None:
        return []
    descriptions = read_folds(plan.folds)
    plans = []
    for number, description in enumerate(descriptions, 1):
        rows = tuple(_on_fold(row, description) for row in plan.rows)
        plans.append(
            replace(
                plan,
                name=f"{plan.name}, fold {number}",
                base=replace(plan.base, data=replace(plan.base.data, name=description)),
                rows=rows,
                output=plan.output / f"fold-{number}",
                folds=None,
            )
        )
    return plans


def _on_fold(row: PlanRow, description: str) -> PlanRow:
    data = replace(row.recipe.data, name=description)
    return replace(row, recipe=replace(row.recipe, data=data))


def check_folds(plans: Sequence[Plan]) -> int:
    """Check that no image is judged twice, or by a model that has seen it.

    Returns:
        How many images are judged.

    Raises:
        DataError: one is; the message names it.
    """
    judged: dict[Path, int] = {}
    for number, plan in enumerate(plans, 1):
        splits = load_splits(plan.base.data, "train", "val", "test")
        learned = [*splits["train"].images, *splits["val"].images]
        seen = {path.resolve() for path in learned}
        for path in splits["test"].images:
            image = path.resolve()
            if image in seen:
                raise DataError(
                    f"fold {number} is judged on {path}, which is in its train or val too; make"
                    " the folds anew: harma data split --folds"
                )
            if image in judged:
                raise DataError(
                    f"folds {judged[image]} and {number} are both judged on {path}; make the folds"
                    " anew: harma data split --folds"
                )
            judged[image] = number
    return len(judged)
