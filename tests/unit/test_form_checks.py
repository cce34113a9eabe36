"""Forms in a study: what cannot be one is refused in words, and what is asked is counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emoalign.errors import StudyError
from emoalign.planning.jobs import Jobs
from emoalign.planning.loading import load_study
from emoalign.planning.opening import Opening
from emoalign.planning.plan import settings_in_words
from emoalign.planning.preflight import check_prompts
from emoalign.planning.studies import LoadedStudy

SHEETS = ["rating-sheet", "rating-sheet-down", "rating-sheet-paraphrase"]
CHATS = ["words", "words-down", "words-0-100"]
STUDY: dict[str, Any] = {
    "study": "s",
    "title": "T",
    "seed": 1,
    "models": ["smollm2-135m"],
    "datasets": [{"dataset": "vader", "sample": 300}],
}


def shipped(name: str) -> str:
    """A shipped prompt set, as its file has it."""
    root = Path(__file__).parents[2] / "src/emoalign/catalogue/prompts"
    return (root / f"{name}.yaml").read_text(encoding="utf-8")


def write(config_dir: Path, name: str, text: str) -> None:
    """Write a prompt set of the project's own."""
    (config_dir / "prompts").mkdir(exist_ok=True)
    (config_dir / f"prompts/{name}.yaml").write_text(text, encoding="utf-8")


def loaded(config_dir: Path, **protocol: Any) -> LoadedStudy:
    asked = {"name": "p", "prompts": SHEETS, "participants": 21, **protocol}
    found = load_study({**STUDY, "protocols": [asked]}, config_dir)
    check_prompts(found)
    return found


def labelled(config_dir: Path, **protocol: Any) -> LoadedStudy:
    """A study of labels, asked of a model that is not on this machine."""
    asked = {"name": "p", "prompts": "labels-rotated", "participants": 28, **protocol}
    datasets = [{"dataset": "goemotions", "sample": 50, "scales": ["emotions"]}]
    content = {**STUDY, "models": ["gpt-4o-mini"], "datasets": datasets, "protocols": [asked]}
    found = load_study(content, config_dir)
    check_prompts(found)
    return found


def refused(load: Callable[..., LoadedStudy], config_dir: Path, **protocol: Any) -> str:
    with pytest.raises(StudyError) as error:
        load(config_dir, **protocol)
    (problem,) = error.value.problems
    return problem


@pytest.mark.parametrize(
    ("participants", "nearest"), [(20, "18 or 21"), (2, "3"), (22, "21 or 24")]
)
def test_participants_who_cannot_be_dealt_equally_are_refused_with_the_nearest_numbers(
    config_dir: Path, participants: int, nearest: str
) -> None:
    told = refused(loaded, config_dir, participants=participants)
    assert f"'p' has {participants} participants, who cannot be dealt equally to its 3 " in told
    assert told.endswith(f"write participants: {nearest}")


def test_probabilities_need_no_participants(config_dir: Path) -> None:
    assert loaded(config_dir, participants=20, readouts=["exact"])


def test_rotations_count_as_forms(config_dir: Path) -> None:
    forms = labelled(config_dir).forms("p", "goemotions", "emotions")
    assert len(forms) == 28
    told = refused(labelled, config_dir, participants=30)
    assert "its 28 forms (labels-rotated in 28 rotations); write participants: 28 or 56" in told


def test_a_prompt_set_is_listed_once(config_dir: Path) -> None:
    told = refused(loaded, config_dir, prompts=["rating-sheet", "rating-sheet"])
    assert told.endswith("prompts: named more than once: rating-sheet")


def test_an_empty_list_is_no_prompt_set(config_dir: Path) -> None:
    assert "name at least one prompt set" in refused(loaded, config_dir, prompts=[])


def test_forms_for_one_dataset_are_read_wherever_they_are_listed(config_dir: Path) -> None:
    found = loaded(config_dir, prompts=None, prompts_for={"vader": SHEETS})
    assert [form.name for form in found.forms("p", "vader", "valence")] == SHEETS
    told = refused(loaded, config_dir, prompts=None, prompts_for={"vader": ["rating-shet"]})
    assert "prompts_for.vader, entry 1: there is no " in told


def test_a_readout_is_listed_once(config_dir: Path) -> None:
    told = refused(loaded, config_dir, readouts=["sampled", "sampled"])
    assert told.endswith("readouts: named more than once: sampled")


@pytest.mark.parametrize("numbers", ["{min: 0, max: 1000000000}", "{min: 0, max: 9, step: 1.0e-7}"])
def test_ranges_with_points_that_nobody_could_count_are_refused(
    config_dir: Path, numbers: str
) -> None:
    text = shipped("rating-sheet-down").replace(
        "written_for: {min: 1, max: 9}", f"written_for: {numbers}\n    mapped: linear"
    )
    assert numbers in text
    write(config_dir, "endless", text)
    told = refused(loaded, config_dir, prompts="endless")
    assert "more than 100,000 steps; write a larger step" in told


def test_one_name_and_a_list_of_one_are_the_same_job(config_dir: Path) -> None:
    one, listed = (
        Jobs(loaded(config_dir, prompts=prompts)).rate("smollm2-135m", "p", "vader", "valence")
        for prompts in ("rating-sheet", ["rating-sheet"])
    )
    assert one.params() == listed.params()
    assert one.params()["protocol"]["prompts"] == "rating-sheet"
    assert not {"further"} & one.params().keys()
    wording = one.params()["prompts"]["wording"]["valence"]
    assert not {"reversed", "mapped", "order"} & wording.keys()


def test_forms_that_render_alike_are_refused(config_dir: Path) -> None:
    write(config_dir, "again", shipped("rating-sheet").replace("title: ", "title: Again, "))
    told = refused(loaded, config_dir, prompts=["rating-sheet", "again"], participants=20)
    assert "the prompts are those of 'rating-sheet', another form of the protocol" in told


@pytest.mark.parametrize("order", ["rotated", "random"])
def test_labels_that_the_prompt_does_not_list_have_no_order(config_dir: Path, order: str) -> None:
    text = shipped("labels-rotated").replace('{{ scale.labels | join(", ") }}', "joy, anger")
    write(config_dir, "fixed", text.replace("rotated", order))
    told = refused_all(labelled, config_dir, prompts="fixed")
    assert f"order: {order}, but the prompt is the same in every" in told
    assert "have the template list scale.labels" in told


def refused_all(load: Callable[..., LoadedStudy], config_dir: Path, **protocol: Any) -> str:
    with pytest.raises(StudyError) as error:
        load(config_dir, **protocol)
    return str(error.value)


def test_a_set_of_several_scales_at_once_is_no_form_of_one_for_each(config_dir: Path) -> None:
    text = shipped("words").replace("kind: text\n  max_tokens: 8", "kind: joint\n  max_tokens: 60")
    only = text[: text.index("  arousal:")]
    template = "{% for scale in scales %}{{ scale.instruction }}{% endfor %} {{ item.text }}"
    only = only.replace("{{ instruction }}", template).replace("\n\n  Word: {{ item.text }}", "")
    write(config_dir, "together", only)
    told = refused(loaded, config_dir, prompts=["words", "together"], participants=20)
    assert (
        "'words' asks about one scale at a time, and 'together' asks about valence in one request"
    ) in told


def test_another_range_is_refused_with_the_key_that_maps_it(config_dir: Path) -> None:
    text = shipped("words-0-100").replace("    mapped: linear\n", "").replace(", step: 1", "")
    write(config_dir, "wide", text)
    told = refused(loaded, config_dir, prompts="wide")
    assert "0 to 100, but the scale of 'vader' runs from 1 to 9" in told
    assert told.endswith("write mapped: linear")


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("reversed: true", "reversed: 'emotions' of 'goemotions' is a scale of labels"),
        ("order: random\n    mapped: linear", "mapped: linear needs the range that is mapped"),
    ],
)
def test_labels_are_neither_reversed_nor_mapped(config_dir: Path, key: str, told: str) -> None:
    text = shipped("labels-rotated").replace("order: rotated", key)
    write(config_dir, "turned", text)
    assert told in refused_all(labelled, config_dir, prompts="turned")


def test_numbers_have_no_order(config_dir: Path) -> None:
    text = shipped("rating-sheet-down").replace("reversed: true", "order: rotated")
    write(config_dir, "ordered", text)
    told = refused(loaded, config_dir, prompts="ordered", participants=9)
    assert "order: rotated, but 'valence' of 'vader' is a scale of numbers" in told


def test_a_recitation_has_one_prompt_set(config_dir: Path) -> None:
    recited = {"name": "r", "kind": "recitation", "prompts": ["recitation", "words"]}
    content = {**STUDY, "protocols": [{"name": "p", "prompts": "rating-sheet"}, recited]}
    with pytest.raises(StudyError, match="a recitation has one prompt set"):
        load_study(content, config_dir)


def test_decisions_about_more_points_than_a_card_takes_are_refused_as_they_are_shown(
    config_dir: Path,
) -> None:
    told = refused_all(
        loaded, config_dir, prompts="words-0-100", participants=20, readouts=["decision"]
    )
    assert "decision readout" in told  # the bundled model has none
    card = "title: D\nengine: openai\nmodel: d\nrevision: x\nbase_url: http://localhost:9/v1\n"
    card += "api_key_env: null\ncapabilities: {decisions: {levels: 10, questions: 20}}\n"
    (config_dir / "models").mkdir(exist_ok=True)
    (config_dir / "models/decides.yaml").write_text(card)
    for prompts, refusal in (("words-0-100", "it has 101 points"), ("words", "")):
        asked = {"name": "p", "prompts": prompts, "readouts": ["decision"]}
        content = {**STUDY, "models": ["decides"], "protocols": [asked]}
        if not refusal:
            assert load_study(content, config_dir)
            continue
        with pytest.raises(StudyError, match=refusal):
            load_study(content, config_dir)


# What is counted


def opening(study: LoadedStudy, folder: Path) -> str:
    jobs = [("prepare_stimuli", {"dataset": name}) for name in study.datasets]
    said = Opening(study, folder / "results", folder / "journal", jobs, tuple(study.datasets), 1)
    return " ".join(said.text().split())


def test_the_opening_counts_the_requests_of_each_form(config_dir: Path, tmp_path: Path) -> None:
    study = loaded(config_dir, readouts=["sampled", "exact"])
    # Seven answers come in one request; each form is read exactly once.
    expected = f"at most {300 * 21 + 3 * 300:,} answers in {3 * 300 + 3 * 300:,} requests"
    assert expected in opening(study, tmp_path)
    one = loaded(config_dir, prompts="rating-sheet", readouts=["exact"])
    assert "at most 300 answers in 300 requests" in opening(one, tmp_path)


def test_answers_to_labels_in_a_drawn_order_come_one_by_one(
    config_dir: Path, tmp_path: Path
) -> None:
    text = shipped("labels-rotated").replace("order: rotated", "order: random")
    write(config_dir, "drawn", text)
    study = labelled(config_dir, prompts="drawn", participants=20)
    assert "at most 1,000 answers in 1,000 requests" in opening(study, tmp_path)


def test_the_plan_names_the_forms(config_dir: Path) -> None:
    (line,) = settings_in_words(Jobs(loaded(config_dir)).plan())
    assert "each item is asked about in 3 forms" in line
    assert all(name in line for name in SHEETS)


def test_forms_of_other_points_are_known_to_the_aggregation(config_dir: Path) -> None:
    chats = Jobs(loaded(config_dir, prompts=CHATS)).aggregate("vader")
    assert chats.other_points == {"valence": {"p": ("words-0-100",)}}
    sheets = Jobs(loaded(config_dir)).aggregate("vader")
    assert "other_points" not in sheets.params()


def test_texts_of_demonstrations_in_any_form_are_no_items(config_dir: Path) -> None:
    text = shipped("rating-sheet-down").replace("text: wonderful", "text: joyful")
    write(config_dir, "other", text)
    study = loaded(config_dir, prompts=["rating-sheet", "other"], participants=20)
    assert {"wonderful", "joyful"} <= set(Jobs(study).prepare("vader").excluded_texts)
