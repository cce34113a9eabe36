"""What the report says, in words and on the page."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pytest

from emoalign.elicitation.parsing import Status
from emoalign.figures.drawing import draw_figure
from emoalign.report.manifest import git_commit
from emoalign.report.page import write_report
from emoalign.report.wording import findings, number, p_value, percent
from emoalign.statistics.align import align
from emoalign.study.figures import planned_figures
from emoalign.study.jobs import ReportJob
from emoalign.tables import ALIGNMENT, ITEMS, NORMS, RATINGS, STATUSES, STIMULI

from .small_study import JOB, SCALE, SETTINGS, cell, norms, ratings

EVIL = '<script>alert("1")</script>'
NORM_ROWS = norms()


def report_job(title: str = "Model m", *, show_items: bool = True) -> ReportJob:
    return ReportJob.model_validate(
        {
            "study": "words",
            "title": f"A study of {EVIL}",
            "seed": 3,
            "settings": SETTINGS.model_dump(),
            "models": {"m": {"title": title, "card": {"engine": "openai"}}},
            "datasets": {
                "words": {
                    "title": "Words",
                    "show_items": show_items,
                    "scales": {"valence": SCALE.model_dump()},
                    "modality": "word",
                    "keep": None,
                    "sample": 30,
                    "licence": "MIT",
                    "citation": "@misc{words}",
                    "caveats": ["Only for tests."],
                }
            },
            "protocols": {"p": {"name": "p", "prompts": "plain"}},
            "prompts": {
                "plain": {
                    "title": "Plain",
                    "form": "chat",
                    "template": "{{ instruction }} {{ item.text }}",
                    "answer": {"max_tokens": 4},
                    "scales": {
                        "valence": {
                            "instruction": "Rate it.",
                            "written_for": {"min": 1, "max": 9},
                        }
                    },
                }
            },
        }
    )


def rating_rows(statuses: list[Status], text: str) -> pd.DataFrame:
    n = len(statuses)
    return pd.DataFrame(
        {
            **dict.fromkeys(RATINGS.schema.names),
            "model": ["m"] * n,
            "protocol": "p",
            "dataset": "words",
            "scale": "valence",
            "readout": "sampled",
            "item_id": "item-000",
            "participant": range(n),
            "status": statuses,
            "text": text,
        }
    )


def make_page(
    folder: Path, items: pd.DataFrame, job: ReportJob, norm_rows: pd.DataFrame = NORM_ROWS
) -> str:
    """Run the stages after the ratings on item tables made by hand; return the page."""
    stimuli = pd.DataFrame(
        {
            **dict.fromkeys(STIMULI.schema.names),
            "item_id": norm_rows["item_id"],
            "modality": "word",
            "text": [f"{EVIL} $x_1$ {index}" for index in range(len(norm_rows))],
            "shard": "0000",
        }
    )
    STIMULI.write(stimuli, folder / "stimuli/words.parquet")
    NORMS.write(norm_rows, folder / "norms/words.parquet")
    ITEMS.write(items, folder / "items/words.parquet")
    RATINGS.write(rating_rows(["refusal", "truncated"], f"No. {EVIL}"), folder / "r.parquet")
    statistics, figures = folder / "statistics", folder / "figures"
    align(
        JOB, [folder / "items/words.parquet"], {"words": folder / "norms/words.parquet"}, statistics
    )
    for one in planned_figures(job.drawing()):
        draw_figure(one.job, [Path(path) for path in one.tables(str(folder))], figures / one.path)
    (folder / "manifest.json").write_bytes(orjson.dumps({"git_commit": None, "note": EVIL}))
    write_report(job, folder, [folder / "r.parquet"], folder / "report.html")
    return (folder / "report.html").read_text(encoding="utf-8")


def test_nothing_untrusted_reaches_the_page_as_markup(tmp_path: Path) -> None:
    title = f'A "quoted" {EVIL} & model'
    page = make_page(tmp_path, cell(NORM_ROWS, ratings(NORM_ROWS)), report_job(title))
    assert "<script" not in page
    assert "A &#34;quoted&#34; &lt;script&gt;" in page
    assert page.count("No. &lt;script&gt;") == 2  # an example of each status
    assert "Rate it. &lt;script&gt;" in page  # the example prompt


def test_items_that_may_not_be_shown_are_not_on_the_page(tmp_path: Path) -> None:
    page = make_page(tmp_path, cell(NORM_ROWS, ratings(NORM_ROWS)), report_job(show_items=False))
    assert "$x_1$" not in page
    assert "Rate it. (item not shown)" in page
    assert "No. &lt;script&gt;" not in page  # an answer may quote its item
    assert "(not shown: it may quote the item)" in page


@pytest.mark.parametrize(
    ("answers", "norm_rows", "told"),
    [
        (
            np.full((30, 10), np.nan),
            NORM_ROWS,
            "r undefined (no item has both a rating of the model and a human norm)",
        ),
        (np.full((30, 10), 5.0), NORM_ROWS, "r undefined (all ratings are the same)"),
        (
            ratings(NORM_ROWS),
            NORM_ROWS.assign(mean=np.nan, sd=np.nan, n=0, ratings=None),
            "There are no human ratings of them, so there is no comparison",
        ),
        (ratings(NORM_ROWS), NORM_ROWS.assign(sd=np.nan, ratings=None), "r = "),
        (ratings(NORM_ROWS)[:2], NORM_ROWS[:2], "r undefined (only 2 items can be compared)"),
    ],
    ids=["all refused", "constant", "no human data", "no human SD", "two items"],
)
def test_a_page_of_a_small_study_says_what_could_not_be_computed(
    tmp_path: Path, answers: np.ndarray, norm_rows: pd.DataFrame, told: str
) -> None:
    page = make_page(tmp_path, cell(norm_rows, answers), report_job(), norm_rows)
    assert told in page
    assert not re.search(r"\bnan\b|None", re.sub(r"data:image[^\"]*", "", page))


def cells(*rows: dict[str, object]) -> pd.DataFrame:
    """Alignment rows with the numbers a finding looks at; the rest undefined."""
    base = dict.fromkeys(ALIGNMENT.schema.names, np.nan) | {
        "model": "m",
        "dataset": "words",
        "scale": "valence",
        "readout": "sampled",
        "n_items": 30,
        **{f"n_{status}": 0 for status in STATUSES},
        "n_ok": 300,
        "ceiling": 0.98,
        "one_human_r": 0.8,
    }
    return pd.DataFrame([base | row for row in rows])


def test_a_model_that_depends_on_its_protocol_is_told_so() -> None:
    good = {
        "protocol": "sheet",
        "pearson_r": 0.7,
        "pearson_boot_low": 0.6,
        "pearson_boot_high": 0.8,
    }
    poor = {
        "protocol": "asked",
        "pearson_r": -0.05,
        "pearson_boot_low": -0.2,
        "pearson_boot_high": 0.1,
    }
    [sentences] = findings(cells(poor, good), report_job())
    text = " ".join(sentences)
    assert "r = 0.70 [0.60, 0.80] under sheet, r = −0.05 [−0.20, 0.10] under asked" in text
    assert "depends on how it is asked" in text
    assert "allows r up to 0.98, and one human rater reaches 0.80." in text

    close = poor | {"pearson_r": 0.6, "pearson_boot_low": 0.5, "pearson_boot_high": 0.7}
    assert "depends on how it is asked" not in " ".join(
        findings(cells(close, good), report_job())[0]
    )


def test_a_finding_prefers_the_exact_readout_and_names_lost_answers() -> None:
    exact = {
        "protocol": "p",
        "readout": "exact",
        "pearson_r": 0.5,
        "pearson_low": 0.4,
        "pearson_high": 0.6,
    }
    sampled = {"protocol": "p", "pearson_r": 0.3, "n_ok": 27, "n_truncated": 273}
    text = " ".join(findings(cells(sampled, exact), report_job())[0])
    assert "r = 0.50 [0.40, 0.60] under p" in text
    assert "0.30" not in text
    assert "With p only 9 % of its sampled answers were a rating" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.704, "0.70"), (-0.0049, "0.00"), (-1.5, "−1.50"), (float("nan"), "–"), (None, "–")],
)
def test_numbers_read_as_in_print(value: float | None, text: str) -> None:
    assert number(value) == text


def test_small_p_values_and_shares_read_as_in_print() -> None:
    assert [p_value(p) for p in (0.0001, 0.0432, float("nan"))] == ["< .001", "0.043", "–"]
    assert [percent(p) for p in (0.0, 0.0915, 0.99967, 1.0)] == ["0 %", "9 %", "99.97 %", "100 %"]


def test_the_commit_is_unknown_outside_a_repository(tmp_path: Path) -> None:
    assert shutil.which("git")
    assert git_commit(tmp_path) is None
