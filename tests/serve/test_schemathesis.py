"""Every operation of the API, tried by schemathesis with all its checks and a fixed seed."""

import re

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from tests.serve.there import ids_there

EXAMPLES = 10
SEED = 15
# What the schema admits may still have no sense: an area of no size, a text that is blank.
STATUSES = ["2xx", "400", "401", "403", "404", "409", "410", "422", "503"]
CHECKS = {"positive_data_acceptance": {"expected-statuses": STATUSES}}


@pytest.fixture
def service(make_service):
    # The name that schemathesis calls an application by.
    return make_service(hosts=("testserver",), has_metrics=True)


def try_operation(operation, mode, known):
    """All checks on some cases of one operation.

    Args:
        operation: of schemathesis.
        mode: whether its cases fit the schema.
        known: parameters of its address.
    """
    # Here and not in a decorator: the strategy is of the operation.
    strategy = operation.as_strategy(generation_mode=mode, path_parameters=known)

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def run(case):
        case.call_and_validate()

    run()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("is_there", [True, False])
def test_operations(client, mode, is_there):
    check_operations(client, mode, "archive" if is_there else "")


def test_operations_on_several_indexes_as_one(grouped, make_client):
    check_operations(make_client(grouped), GenerationMode.POSITIVE, "world")


def check_operations(client, mode, index):
    """Try all operations; of what an index has, unless none is named."""
    config = SchemathesisConfig.from_dict({"seed": SEED, "checks": CHECKS})
    schema = schemathesis.openapi.from_asgi("/openapi.json", client.app, config=config)
    failures = []
    num_tried = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        named = re.findall(r"{(\w+)}", operation.path)
        known = None
        if index:
            there = ids_there(client, index)
            known = {name: there[name] for name in named}
        try:
            try_operation(operation, mode, known)
            num_tried += 1
        except Unsatisfiable:
            # Of an operation without parameters nothing can be wrong.
            assert mode == GenerationMode.NEGATIVE
        except (Exception, BaseExceptionGroup) as error:
            failures.append(f"{operation.label}: {error}")
    assert "\n".join(failures) == ""
    assert num_tried >= 5
