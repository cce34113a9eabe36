"""The page How should I ask?: its costs are those of the plan, its studies can be loaded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from emoalign.planning.checks import inconsistencies
from emoalign.planning.jobs import Jobs
from emoalign.planning.loading import load_study
from emoalign.planning.plan import planned
from emoalign.planning.preflight import check_prompts
from emoalign.planning.studies import LoadedStudy
from emoalign.stimuli.preparation import prepare
from emoalign.study.origins import Origin
from emoalign.tables import STIMULI
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs/how-to-ask.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| ([^|]+) \| `([^`]+)` \| (.*) \|$", re.MULTILINE)
"""A row of the table of costs: a way of asking, its protocol, and what the plan says."""

MODEL = "gpt-6-luna"


def study(protocols: list[Any]) -> LoadedStudy:
    content = {
        "study": "s",
        "title": "S",
        "seed": 1,
        "models": [MODEL],
        "datasets": [{"dataset": "vader", "sample": 1000}],
        "protocols": protocols,
    }
    return load_study(content, REPOSITORY / "config")


def costs(rows: list[tuple[str, str, str]], folder: Path) -> dict[str, str]:
    """The same rows with what the plan says today, by the way of asking."""
    asked = [YAML(typ="safe").load(f"{{{keys}}}") for _, keys, _ in rows]
    named = [{"name": f"p{place}", **keys} for place, keys in enumerate(asked)]
    loaded = study(named)
    stimuli, norms = folder / "stimuli.parquet", folder / "norms.parquet"
    files = loaded.datasets["vader"].files()
    prepare(Jobs(loaded).prepare("vader"), stimuli, norms, folder / "shards.json", files)
    items = STIMULI.read(stimuli)
    assert len(items) == 1000
    computed = {}
    for (way, _, _), protocol in zip(rows, named, strict=True):
        job = Jobs(loaded).rate(MODEL, protocol["name"], "vader", "valence")
        row: Any = planned(job, loaded.models[MODEL], items, folder)
        ends = [f"{row[f'prompt_tokens_{end}'] / 1e6:,.2f}" for end in ("min", "max")]
        computed[way] = (
            f"{row['requests']:,} | {'–'.join(dict.fromkeys(ends))} "
            f"| {row['answer_tokens_max'] / 1e6:,.2f} | {row['usd_max']:,.2f}"
        )
    return computed


def test_costs_on_the_page_are_those_of_the_plan(tmp_path: Path) -> None:
    rows = ROW.findall(PAGE)
    assert len(rows) >= 6
    assert {way: said for way, _, said in rows} == costs(rows, tmp_path)


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_the_protocols_of_the_page_can_be_asked(block: str) -> None:
    loaded = study(YAML(typ="safe").load(block)["protocols"])
    assert not inconsistencies(loaded, Origin("page"))
    check_prompts(loaded)


def test_the_page_is_read_in_minutes() -> None:
    prose = re.sub(r"```yaml\n.*?```", "", ROW.sub("", PAGE), flags=re.DOTALL)
    assert len(prose.split()) <= 900
