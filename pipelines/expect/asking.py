"""Checks and frames to the answers of great_expectations, which is loaded here and nowhere else."""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import polars as pl

from pipelines.expect.checks import Check


@contextmanager
def quiet() -> Iterator[None]:
    """No telemetry, no warnings on the terminal while the library is used."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # releases before 1.24 sent events; read at import
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def ask_great_expectations(checks: Sequence[Check], frames: Mapping[str, pl.DataFrame],
                            dataset_name: str) -> dict[str, Any]:
    """Run the checks in an in-memory context; the answers stand in the order of `checks`.

    The result holds no cell values and no times, so that it can stand in a package's record.
    """
    with quiet():
        import great_expectations as gx
        import pandas as pd
        from great_expectations.data_context.types.base import (
            DataContextConfig,
            InMemoryStoreBackendDefaults,
            ProgressBarsConfig,
        )

        quiet_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
        # Without docs sites: else each context leaves a temporary folder behind.
        stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
        settings = DataContextConfig(store_backend_defaults=stores, progress_bars=quiet_bars, analytics_enabled=False)
        house = gx.get_context(project_config=settings, mode="ephemeral")
        source = house.data_sources.add_pandas("kokai")
        answers: list[dict[str, Any]] = [{} for _ in checks]
        for name in sorted(frames):
            dtype = float if name in ("numbers", "moves") else object
            data = pd.DataFrame({c: frames[name][c].to_list() for c in frames[name].columns}, dtype=dtype)
            suite = gx.ExpectationSuite(name=f"{dataset_name}-{name}")
            same = _same_questions(checks, name)
            for indices in same:  # a suite keeps one of two equal expectations: ask once, answer each
                first = checks[indices[0]]
                suite.add_expectation(getattr(gx.expectations, first.type)(**first.kwargs, meta={"check": indices[0]}))
            batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("whole").get_batch(
                {"dataframe": data})
            outcome = batch.validate(suite, result_format={"result_format": "BASIC", "partial_unexpected_count": 0})
            for one in outcome.results:
                for i in next(g for g in same if g[0] == one.expectation_config.meta["check"]):
                    answers[i] = _answer(checks[i], one)
    return {
        "success": all(a["success"] for a in answers),
        "great_expectations_version": str(gx.__version__),
        "results": answers,
    }


def _same_questions(checks: Sequence[Check], frame: str) -> list[list[int]]:
    """The checks of one frame by their place, those that ask the same thing together."""
    groups: dict[str, list[int]] = {}
    for i, check in enumerate(checks):
        if check.frame == frame:
            key = json.dumps([check.type, dict(check.kwargs)], sort_keys=True, default=str)
            groups.setdefault(key, []).append(i)
    return list(groups.values())


def _answer(check: Check, one: Any) -> dict[str, Any]:
    told = one.exception_info or {}
    if told.get("raised_exception"):
        raise RuntimeError(f"{check.type}: {told.get('exception_message')}")
    found = one.result or {}
    answer: dict[str, Any] = {"type": check.type, "frame": check.frame, "kwargs": dict(check.kwargs),
                              "success": bool(one.success)}
    if "observed_value" in found:
        answer["observed"] = found["observed_value"]
    if "unexpected_percent" in found:
        answer["unexpected_percent"] = round(float(found["unexpected_percent"] or 0.0), 4)
    return answer
