"""One real CKAN for all the tests of a session that want it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.real.real_ckan import Real, running_ckan


@pytest.fixture(scope="session")
def real() -> Iterator[Real]:
    with running_ckan() as made:
        yield made
