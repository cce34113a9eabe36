"""The methods text: stimuli, days of collection, what each protocol showed and allowed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from emoalign.elicitation.rating_rows import day_of
from emoalign.report.asked_differently import apart
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Results, View
from emoalign.report.sections.about import METHODS
from emoalign.report.sections.asking_in_words import protocols_used
from emoalign.report.sections.example_prompts import example_prompts
from emoalign.stimuli.preparation import USED
from emoalign.study.prompt_sets import PromptSet
from emoalign.tables import STIMULI
from tests.kit.ratings import item_ids, norms, rating_rows, ratings, stimuli
from tests.kit.stages import make
from tests.kit.words import report_job, study

NORM_ROWS = norms()
ANSWERS = ratings(NORM_ROWS)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of a study of two models, the second asked on three days."""
    folder = tmp_path_factory.mktemp("made")
    days = np.repeat(["2026-10-30", "2026-11-01", "2026-11-02"], 100)
    rows = [
        rating_rows(ANSWERS).assign(received="2026-11-28"),
        rating_rows(ANSWERS, model="n").assign(received=days),
    ]
    make(folder, study(models=("m", "n")), pd.concat(rows), NORM_ROWS)
    return folder


def methods(folder: Path, sample: int | None = 30, **told: Any) -> str:
    job = report_job(models=("m", "n"), **told)
    words = job.datasets["words"].model_copy(update={"sample": sample})
    job = job.model_copy(update={"datasets": {"words": words}})
    view = METHODS.view(Results(job, folder, [folder / "ratings/words.parquet"]))
    assert isinstance(view, View)
    return " ".join(view.methods)


def test_days_of_collection_are_told_by_model(made: Path) -> None:
    assert (
        "The answers were collected as follows (UTC): those of Model m on 28 November 2026; those "
        "of Model n from 30 October 2026 to 2 November 2026." in methods(made)
    )


def test_models_asked_on_the_same_days_are_told_together(made: Path, tmp_path: Path) -> None:
    both = [rating_rows(ANSWERS, model=name) for name in ("m", "n")]
    rows = pd.concat(both).assign(received="2026-11-28")
    make(tmp_path, study(models=("m", "n")), rows, NORM_ROWS)
    assert "The answers were collected on 28 November 2026 (UTC)." in methods(tmp_path)


@pytest.mark.parametrize(
    ("received", "day"),
    [
        ("2026-11-28T21:59:39+00:00", "2026-11-28"),
        ("", None),
        (None, None),
        (7, None),
        ("soon", None),
    ],
)
def test_a_time_that_is_none_is_no_day(received: object, day: str | None) -> None:
    assert day_of(received) == day


def test_a_protocol_tells_examples_longest_answer_and_temperature(made: Path) -> None:
    keys = {"participants": 20, "temperature": 0.5, "readouts": ["sampled", "exact"], "wave": 2}
    text = methods(made, protocols={"p": keys})
    assert (
        "Under the protocol p (temperature 0.5; wave 2, asked anew), the prompt showed no "
        "examples; 20 simulated participants answered in up to 4 tokens (sampled answers), and the "
        "model's probabilities of writing each point of the scale as its rating were read once "
        "(exact probabilities)." in text
    )
    every = {"readouts": ["sampled", "exact", "decision"], "temperature": 1}
    three = methods(made, protocols={"p": keys | every})
    assert "(sampled answers), the model's" in three
    assert "(exact probabilities), and the provider's" in three
    alone = methods(made, protocols={"p": {"readouts": ["exact"]}})
    assert "answered in" not in alone
    assert "top-p" not in alone


def copied(made: Path, folder: Path) -> Path:
    """The same tables, to be changed."""
    return Path(shutil.copytree(made, folder / "study"))


def test_one_eligible_item_is_the_only_one(made: Path, tmp_path: Path) -> None:
    assert "All 30 eligible words of Words were used." in methods(made, sample=None)
    folder = copied(made, tmp_path)
    STIMULI.write(stimuli(item_ids(1)), folder / "stimuli/words.parquet")
    assert "The only eligible word of Words was used." in methods(folder, sample=None)
    assert "Of Words, 1 word was drawn at random (seed 3)." in methods(folder, sample=1)


def test_what_the_preparation_left_out_is_told(made: Path, tmp_path: Path) -> None:
    folder = copied(made, tmp_path)
    note = {USED: "Of 31 words, 1 shown as an example in a prompt was excluded."}
    STIMULI.write(stimuli(item_ids(30)), folder / "stimuli/words.parquet", note)
    assert "1 shown as an example in a prompt was excluded." in methods(folder)


def test_scales_with_the_same_points_are_told_together(made: Path) -> None:
    text = methods(made, scales=("valence", "arousal"))
    pair = "(arousal and valence|valence and arousal)"
    assert re.search(rf"The scales of {pair} run from 1 to 9 \(higher is more positive\)\.", text)
    points = {"min": 1, "max": 7}
    directions = {"valence": "higher is better", "arousal": "higher is more arousing"}
    scales = {name: points | {"direction": direction} for name, direction in directions.items()}
    text = methods(made, scales=scales)
    assert "arousal (higher is more arousing)" in text
    assert re.search(r"The scales of .*valence \(higher is better\).* run from 1 to 7\.", text)


FORMS = {"plain": {}, "down": {"reversed": True}, "wide": {"mapped": "linear"}}


def forms_of(
    readouts: tuple[str, ...] = ("sampled",), sets: tuple[str, ...] = tuple(FORMS)
) -> ReportJob:
    """The job of a report on a protocol with these forms, beside one of the form `plain`."""
    protocols = {
        "balanced": {"prompts": list(sets), "participants": 6},
        "single": {"prompts": "plain", "participants": 6},
    }
    job = report_job(protocols=protocols, readouts=readouts)
    ranges = {"wide": {"min": 0, "max": 100}}
    prompts = {
        name: PromptSet.model_validate(
            {
                "title": name,
                "kind": "chat",
                "template": f"{name}: {{{{ instruction }}}} {{{{ item.text }}}}",
                "answer": {"max_tokens": 4},
                "scales": {
                    "valence": {
                        "instruction": "Rate it.",
                        "written_for": ranges.get(name, {"min": 1, "max": 9}),
                        **FORMS[name],
                    }
                },
            }
        )
        for name in {*sets, "plain"}
    }
    return job.model_copy(update={"prompts": prompts})


def test_the_methods_name_the_forms_and_what_became_of_answers_to_them() -> None:
    told = " ".join(protocols_used(forms_of(("sampled", "exact"))))
    assert (
        "Under balanced, every item was asked about in 3 forms (prompt sets plain, down and wide), "
        "with 2 participants for each form; probabilities were averaged over the forms."
    ) in told
    assert "Ratings on reversed scales were turned back." in told
    assert "were mapped linearly onto the scale of the dataset, without rounding" in told
    assert "Under single, every item" not in told


def test_a_study_of_one_form_says_nothing_of_forms() -> None:
    told = " ".join(protocols_used(report_job(protocols=("p",))))
    assert not re.search("form|reversed|mapped", told)


def test_an_example_prompt_is_shown_of_every_form(made: Path) -> None:
    job = forms_of()
    shown = example_prompts(job, Results(job, made, []).stimuli)
    assert [(one.protocol, one.form) for one in shown] == [
        ("balanced", "plain"),
        ("balanced", "down"),
        ("balanced", "wide"),
        ("single", None),
    ]
    assert [one.text.partition(":")[0].split()[-1] for one in shown] == [
        *FORMS,
        "plain",
    ]


def test_protocols_that_differ_in_their_forms_are_told_apart() -> None:
    assert apart(forms_of(), "balanced", "single", "words", "valence") == [
        "prompt sets (plain, down and wide vs. plain)"
    ]
    assert apart(forms_of(sets=("down",)), "balanced", "single", "words", "valence") == [
        "direction of the scale"
    ]
    assert apart(forms_of(sets=("wide",)), "balanced", "single", "words", "valence") == [
        "range of the scale (0 to 100 vs. 1 to 9)"
    ]
    assert apart(forms_of(sets=("plain",)), "balanced", "single", "words", "valence") == []
