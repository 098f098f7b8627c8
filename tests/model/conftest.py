"""A model whose text embeddings are known."""

import pytest
from tests.model.known import Known


@pytest.fixture
def known():
    return Known(
        {
            "a photo of sea.": [1, 0, 0],
            "sea from above": [0.6, 0.8, 0],
            "a photo of storage tanks.": [0, 0, 1],
            "storage tanks from above": [0, 1, 0],
            "left": [1, 0, 0],
            "also left": [1, 0, 0],
            "up": [0, 1, 0],
            "between": [1, 1, 0],
        }
    )
