"""Filling the report's template."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from emoalign.prompts.rendering import Image, Prompt, Renderer
from emoalign.report.wording import (
    correlation,
    findings,
    interval,
    label_findings,
    number,
    p_value,
    percent,
)
from emoalign.study.fields import Scale
from emoalign.study.figures import planned_figures
from emoalign.study.jobs import ReportJob
from emoalign.tables import (
    ALIGNMENT,
    LABELS,
    READOUTS,
    RELIABILITY,
    STATUSES,
    STIMULI,
    atomic,
    groups,
    records,
)

EXAMPLES = 5

_ANSWERS = f"""
SELECT model, protocol, dataset, scale,
    count(status) AS answers,
    {", ".join(f"count(*) FILTER (status = '{status}') AS n_{status}" for status in STATUSES)},
    count(DISTINCT item_id) - count(DISTINCT item_id) FILTER (status = 'ok') AS items_without
FROM read_parquet($files)
WHERE readout = 'sampled'
GROUP BY ALL
ORDER BY dataset, scale, model, protocol
"""  # noqa: S608 - only names from the data contract

_UNUSED_ANSWERS = """
SELECT * FROM (
    SELECT model, protocol, dataset, scale, status, text, count(*) AS answers
    FROM read_parquet($files)
    WHERE readout = 'sampled' AND status <> 'ok'
    GROUP BY ALL
)
QUALIFY row_number() OVER (
    PARTITION BY model, protocol, dataset, scale, status ORDER BY answers DESC, text
) <= $examples
ORDER BY model, protocol, dataset, scale, status, answers DESC, text
"""


def write_report(
    job: ReportJob,
    statistics: Path,
    figures: Path,
    ratings: Sequence[Path],
    stimuli: Sequence[Path],
    manifest: Path,
    output: Path,
) -> None:
    """Write the report of a study: one file that needs no other, and no network."""
    alignment = ALIGNMENT.read(statistics / "alignment.parquet").sort_values(CELL_ORDER)
    labels = LABELS.read(statistics / "labels.parquet").sort_values(CELL_ORDER, kind="stable")
    answers = _asked(_ANSWERS, ratings)
    noted = orjson.loads(manifest.read_bytes())
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=number, p_value=p_value, percent=percent, picture=_picture, modality=_plural
    )
    environment.globals.update(interval=interval, correlation=correlation, statuses=STATUSES)
    html = environment.get_template("template.html").render(
        job=job,
        findings=findings(alignment, job) + label_findings(labels, answers, job),
        cells=records(alignment),
        reliability=records(RELIABILITY.read(statistics / "reliability.parquet")),
        readouts=records(READOUTS.read(statistics / "readouts.parquet")),
        labels=list(groups(labels, CELL_ORDER)),
        answers=records(answers),
        unused=_unquoted(job, records(_asked(_UNUSED_ANSWERS, ratings, examples=EXAMPLES))),
        prompts=example_prompts(job, {path.stem: STIMULI.read(path) for path in stimuli}),
        figures=figures,
        planned=planned_figures(job.drawing()),
        manifest=json.dumps(noted, indent=2, ensure_ascii=False),
        commit=noted["git_commit"],
    )
    with atomic(output) as partial:
        partial.write_text(html, encoding="utf-8")


CELL_ORDER = ["dataset", "scale", "model", "protocol", "readout"]


def example_prompts(job: ReportJob, stimuli: dict[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """What a model was shown, for one item of each dataset under each protocol.

    Where the terms forbid items to be shown, a placeholder stands in the item's place.
    """
    shown = []
    for dataset, card in job.datasets.items():
        text: str | Image = "(item not shown)"
        if card.modality == "image":
            text = Image("0" * 64, 16, Path())
        elif card.show_items:
            text = str(stimuli[dataset]["text"].iloc[0])
        scales: Mapping[str, Scale] = {**card.scales, **card.labels}
        for name in job.protocols:
            seen: set[str] = set()
            for scale in scales:
                prompts = job.prompt_form(name, dataset, scale)
                if scale in seen:
                    continue
                seen |= set(prompts.wording)
                persona = next(iter(job.personas.get(name, ())), None)
                asked = {one: scales[one] for one in prompts.wording}
                prompt = Renderer(prompts, asked).render(text, persona)
                shown.append(
                    {
                        "dataset": dataset,
                        "scale": ", ".join(prompts.wording),
                        "protocol": name,
                        "text": _as_text(prompt),
                        "answer": prompts.answer,
                    }
                )
    return shown


def _as_text(prompt: Prompt) -> str:
    if prompt.messages is None:
        return f"{prompt.text}▮"
    lines = [f"[{message.role}]\n{message.content}" for message in prompt.messages]
    if prompt.image is not None:
        lines.insert(len(lines) - (prompt.image_place == "first"), "[the image]")
    return "\n\n".join(lines)


def _asked(query: str, ratings: Sequence[Path], **bound: int) -> pd.DataFrame:
    """What a query says of all ratings."""
    with duckdb.connect() as database:
        files = [str(path) for path in sorted(ratings)]
        return database.execute(query, {"files": files, **bound}).df()


def _unquoted(job: ReportJob, answers: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The answers, without those that may quote a text whose terms forbid it to be shown."""
    hidden = {
        name
        for name, card in job.datasets.items()
        if card.modality != "image" and not card.show_items
    }
    return [
        answer | {"text": "(not shown: it may quote the item)"}
        if answer["dataset"] in hidden
        else answer
        for answer in answers
    ]


def _picture(path: Path) -> str:
    """A PNG as a data URL."""
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"


def _plural(modality: str) -> str:
    return f"{modality}s"
