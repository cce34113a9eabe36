"""The report of a large study in Chromium: 20 models, 35 scales of 7 datasets, 2,000 items each.

    PYTHONPATH=src .venv/bin/python benchmarks/report.py

Makes the item tables of 1,400,000 rows and the statistics of 700 cells and 6,650 contrasts, writes
the report, and opens it: how large it is, how long it takes to open, to go to another scale, to
another model, to filter and to sort. Needs Chromium (make test-browser installs it).
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
from playwright.sync_api import Page, sync_playwright

from emoalign import __version__
from emoalign.analyses.base import Analysis
from emoalign.analyses.catalogue import PAGE, REPORT_JOB
from emoalign.report.page import write_report
from emoalign.report.report_job import ReportJob
from emoalign.study.scales import HumanScale
from emoalign.tables import (
    ALIGNMENT,
    CONTRASTS,
    ITEMS,
    RATINGS,
    RELIABILITY,
    STATUSES,
    STIMULI,
    TABLES,
)

PLACES = [part.section if isinstance(part, Analysis) else part for part in PAGE]
ABSENT = ("transparency", "baselines")
"""Analyses that the study does not have."""

SECTIONS = [place for place in PLACES if place and place.path.split(".")[-2] not in ABSENT]
READ = {path for place in SECTIONS for path in place.reads}
MODELS = [f"model-{number:02d}" for number in range(20)]
DATASETS = [f"dataset-{number}" for number in range(7)]
SCALES = ["arousal", "dominance", "fear", "happiness", "valence"]
N_ITEMS, ANSWERS, POINTS = 2_000, 20, np.arange(1, 10)
SCALE = HumanScale(min=1, max=9, direction="higher is more")


def job() -> ReportJob:
    """What the report is told of the study; no figures, whose number the page limits anyway."""
    card = {
        "modality": "sentence",
        "show_items": True,
        "scales": {scale: SCALE.model_dump() for scale in SCALES},
        "keep": None,
        "sample": None,
        "licence": "none",
        "citation": "",
        "caveats": [],
    }
    instruction = {"instruction": "Rate it.", "written_for": {"min": 1, "max": 9}}
    prompts = {"title": "Plain", "kind": "chat", "template": "{{ instruction }} {{ item.text }}"}
    return REPORT_JOB.model_validate(
        {
            "study": "large",
            "title": "A large study",
            "seed": 1,
            "models": {
                name: {"title": name.capitalize(), "card": {"engine": "openai", "model": name}}
                for name in MODELS
            },
            "datasets": {name: {"title": name.capitalize(), **card} for name in DATASETS},
            "protocols": {"asked": {"name": "asked", "prompts": "plain"}},
            "prompts": {
                "plain": {
                    **prompts,
                    "answer": {"max_tokens": 4},
                    "scales": dict.fromkeys(SCALES, instruction),
                }
            },
            "figures": [],
        }
    )


def distributions(rng: np.random.Generator, means: np.ndarray, n: int) -> np.ndarray:
    """Shares of the points in n ratings around the means, shape (items, points)."""
    rated = np.clip(np.rint(means[:, None] + rng.normal(0, 1.2, (len(means), n))), 1, 9)
    return (rated[:, :, None] == POINTS).mean(axis=1)


def spread(shares: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and SD of these ratings."""
    mean = shares @ POINTS
    return mean, np.sqrt(np.maximum(shares @ POINTS**2 - mean**2, 0) * n / (n - 1))


def write_items(folder: Path, dataset: str, seed: int) -> None:
    """The stimuli and the item table of one dataset."""
    rng = np.random.default_rng(seed)
    ids = [f"{dataset}-{number:05d}" for number in range(N_ITEMS)]
    words = rng.choice([f"word{number}" for number in range(5000)], (N_ITEMS, 12))
    stimuli = {"item_id": ids, "modality": "sentence", "text": map(" ".join, words), "shard": "0"}
    STIMULI.write(
        pd.DataFrame({**dict.fromkeys(STIMULI.schema.names), **stimuli}),
        folder / f"stimuli/{dataset}.parquet",
    )
    rows = []
    for scale in SCALES:
        truth = rng.uniform(2, 8, N_ITEMS)
        people = distributions(rng, truth, 10)
        human_mean, human_sd = spread(people, 10)
        for model in MODELS:
            said = distributions(rng, truth + rng.normal(0, 1.5, N_ITEMS), ANSWERS)
            mean, sd = spread(said, ANSWERS)
            rows.append(
                pd.DataFrame(
                    {
                        **dict.fromkeys(ITEMS.schema.names),
                        **{"model": model, "protocol": "asked", "dataset": dataset},
                        **{"scale": scale, "readout": "sampled", "item_id": ids},
                        "cluster": range(N_ITEMS),
                        **dict.fromkeys((f"n_{status}" for status in STATUSES), 0),
                        **{"n_ok": ANSWERS, "mean": mean, "sd": sd, "distribution": list(said)},
                        **{"human_mean": human_mean, "human_sd": human_sd, "human_n": 10},
                        "human_distribution": list(people),
                    }
                )
            )
    ITEMS.write(pd.concat(rows, ignore_index=True), folder / f"items/{dataset}.parquet")


def numbers(names: list[str], rng: np.random.Generator, n: int) -> dict[str, Any]:
    """Columns of random numbers."""
    return {name: rng.uniform(0.1, 0.9, n) for name in names}


def write_statistics(folder: Path) -> None:
    """Tables of the right size; what is in them takes no part in what is measured."""
    rng = np.random.default_rng(0)
    scales = pd.DataFrame([(d, s) for d in DATASETS for s in SCALES], columns=["dataset", "scale"])
    common = {"readout": "sampled", "n_items": N_ITEMS}
    cells = scales.merge(pd.DataFrame({"model": MODELS}), how="cross")
    cells = cells.assign(
        protocol="asked", **common, reliability_source="icc_1", disattenuated_above_1=False
    )
    pairs = pd.DataFrame(list(combinations(MODELS, 2)), columns=["a", "b"])
    contrasts = scales.merge(pairs, how="cross").assign(kind="model", within="asked", **common)
    made = {
        ALIGNMENT: cells.assign(n_items_excluded=0),
        CONTRASTS: contrasts.assign(reason=None),
        RELIABILITY: scales.assign(n_items=N_ITEMS, reliability_source="icc_1"),
    }
    for table in [table for table in TABLES if table.path in READ]:
        rows = made.get(table, pd.DataFrame(columns=table.schema.names))
        missing = [name for name in table.schema.names if name not in rows.columns]
        counts = {name: 0 for name in missing if name.startswith("n_") and name != "n_raters"}
        rest = [name for name in missing if name not in counts]
        rows = rows.assign(**counts, **numbers(rest, rng, len(rows)))
        table.write(rows[table.schema.names], folder / table.path)


def ready(page: Page, action: str) -> float:
    """Milliseconds until an action in the page is done and painted."""
    script = f"""async () => {{
      const begin = performance.now();
      await (async () => {{ {action} }})();
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      return performance.now() - begin;
    }}"""
    return float(page.evaluate(script))


def pick(name: str, place: int) -> str:
    """An action: choose an option and wait until what follows from it is drawn."""
    return f"""
      const drawn = new Promise((done) =>
        document.querySelector("#scatter").once("plotly_afterplot", done));
      const pick = document.querySelector("#{name}");
      pick.selectedIndex = {place};
      pick.dispatchEvent(new Event("change", {{ bubbles: true }}));
      await drawn;
    """


def measured(page: Page) -> Iterator[tuple[str, float]]:
    """What readers wait for, in milliseconds; the median of seven times."""

    def median(action: Any) -> float:
        return float(np.median([ready(page, action(place)) for place in range(1, 8)]))

    yield "to another model", median(lambda place: pick("pick-model", place))
    yield "to another scale", median(lambda place: pick("pick-scale", place))
    yield (
        "to another item",
        median(
            lambda place: (
                f"""
              const list = document.querySelector("#item-list");
              list.selectedIndex = {place};
              list.dispatchEvent(new Event("change"));
            """
            )
        ),
    )
    yield "to the rows of one model, all tables", median(lambda place: pick("filter-model", place))
    sort = "#contrasts-table th:nth-child(9) button"
    rows = """
      const body = document.querySelector("#contrasts-table tbody");
      const drawn = new Promise((done) =>
        new MutationObserver(done).observe(body, { childList: true }));
    """
    click = f'{rows} document.querySelector("{sort}").click(); await drawn;'
    yield "to contrasts in another order", median(lambda _: click)


def main() -> None:
    program = shutil.which("chromium") or sys.exit("There is no Chromium: make test-browser")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for seed, dataset in enumerate(DATASETS):
            write_items(folder, dataset, seed)
        write_statistics(folder)
        RATINGS.write(pd.DataFrame(columns=RATINGS.schema.names), folder / "ratings.parquet")
        manifest = {"emoalign": __version__, "git_commit": None}
        (folder / "manifest.json").write_bytes(orjson.dumps(manifest))
        begin = time.perf_counter()
        write_report(
            job(), SECTIONS, (), folder, [folder / "ratings.parquet"], folder / "report.html"
        )
        print(f"written in {time.perf_counter() - begin:.1f} s")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"memory {peak:.0f} MiB, with what made the tables")
        print(f"size {(folder / 'report.html').stat().st_size / 1e6:.1f} MB")
        with sync_playwright() as playwright:
            safe = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = playwright.chromium.launch(executable_path=program, args=safe)
            page = browser.new_page(viewport={"width": 1200, "height": 900})
            begin = time.perf_counter()
            page.goto((folder / "report.html").as_uri(), wait_until="commit")
            page.wait_for_selector(".answer", state="attached")
            print(f"findings after {1000 * (time.perf_counter() - begin):.0f} ms")
            for state, what in (("js", "tables and filters"), ("ready", "all of it")):
                page.wait_for_selector(f"html.{state}", state="attached")
                print(f"{what} after {1000 * (time.perf_counter() - begin):.0f} ms")
            for what, milliseconds in measured(page):
                print(f"{what}: {milliseconds:.0f} ms")
            heap = page.evaluate("performance.memory.usedJSHeapSize") / 1024**2
            print(f"memory of the page {heap:.0f} MiB")
            browser.close()


if __name__ == "__main__":
    main()
