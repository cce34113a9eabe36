"""Scales of labels and joint questions in the configuration: what fits, and what is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from emoalign.elicitation.questions import build_questions
from emoalign.elicitation.rating import RatingJob
from emoalign.errors import StudyError
from emoalign.planning.jobs import Jobs
from emoalign.planning.loading import load_study
from emoalign.planning.preflight import check_prompts
from emoalign.planning.studies import LoadedStudy
from emoalign.prompts import (
    Renderer,
)
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.reading import validate
from emoalign.study.scales import LabelScale

Edit = Callable[[str, Callable[[Any], object]], None]

TERMS = {"licence": "MIT", "citation": "@misc{x}", "redistribute": True}
FIVE = {"min": 1, "max": 5, "direction": "higher is more"}
CARD: Mapping[str, Any] = {
    "title": "Sentences",
    "modality": "sentence",
    "source": {
        "reader": "table",
        "table": {"file": "resources/none.csv"},
        "id": "id",
        "text": "text",
    },
    "scales": {
        "valence": FIVE,
        "arousal": FIVE,
        "dominance": FIVE,
        "emotions": {"kind": "labels", "labels": ["joy", "anger", "neutral"]},
    },
    **TERMS,
}
VAD = ["valence", "arousal", "dominance"]


@pytest.fixture
def study(
    config_dir: Path, edit: Edit, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., LoadedStudy]:
    """Load a study of one protocol over the sentences, with changes to its parts."""
    monkeypatch.chdir(config_dir.parent)
    file = config_dir / "datasets/sentences.yaml"
    file.write_text("{}", encoding="utf-8")

    def load(
        scales: list[str],
        card: Callable[[Any], object] = lambda card: None,
        **protocol: Any,
    ) -> LoadedStudy:
        edit("datasets/sentences.yaml", lambda content: (content.update(CARD), card(content)))
        content = {
            "study": "mine",
            "title": "Mine",
            "seed": 1,
            "models": ["smollm2-135m"],
            "datasets": [{"dataset": "sentences", "scales": scales}],
            "protocols": [{"name": "asked", **protocol}],
        }
        return load_study(content, config_dir, "mine.yaml")

    return load


def refused(study: Callable[..., LoadedStudy], *arguments: Any, **protocol: Any) -> str:
    with pytest.raises(StudyError) as error:
        study(*arguments, **protocol)
    return "\n".join(error.value.problems)


def job(loaded: LoadedStudy, asked: str) -> RatingJob:
    return Jobs(loaded).rate("smollm2-135m", "asked", "sentences", asked)


# What fits


def test_scales_of_a_joint_prompt_set_are_one_job_under_one_name(
    study: Callable[..., LoadedStudy],
) -> None:
    loaded = study(VAD, prompts="reader-valence-arousal-dominance")
    check_prompts(loaded)
    assert loaded.asked("asked", "sentences") == ["arousal+dominance+valence"]
    assert list(job(loaded, "arousal+dominance+valence").scales) == VAD


def test_a_prompt_set_for_a_dataset_takes_the_place_of_the_protocols_own(
    study: Callable[..., LoadedStudy],
) -> None:
    own = study(["emotions"], prompts="instruction", prompts_for={"sentences": "labels-that-apply"})
    plain = study(["emotions"], prompts="labels-that-apply")
    assert job(own, "emotions") == job(plain, "emotions")


def test_what_the_model_is_shown_names_every_scale_in_the_order_of_the_prompt_set(
    study: Callable[..., LoadedStudy],
) -> None:
    one = job(study(VAD, prompts="reader-valence-arousal-dominance"), "arousal+dominance+valence")
    messages = Renderer(one.prompts, one.scales).render("It rains.").messages
    assert messages is not None
    assert messages[0].content == (
        "How does this sentence make a typical reader feel? Rate the feeling on these scales:\n\n"
        "- valence: from 1 (very unpleasant) through 3 (neither) to 5 (very pleasant)\n"
        "- arousal: from 1 (very calm) through 3 (neither) to 5 (very excited)\n"
        "- dominance: from 1 (not at all in control) through 3 (neither) to 5 (fully in control)\n"
        '\nAnswer with one JSON object that has the keys "valence", "arousal", "dominance", each '
        "with a whole number, and with nothing else.\n\nSentence: It rains."
    )


def test_labels_are_shown_in_the_order_of_the_card(study: Callable[..., LoadedStudy]) -> None:
    one = job(study(["emotions"], prompts="labels-that-apply"), "emotions")
    messages = Renderer(one.prompts, one.scales).render("It rains.").messages
    assert messages is not None
    assert messages[0].content.endswith("Labels: joy, anger, neutral\n\nText: It rains.")


def test_a_joint_question_is_one_request_for_all_its_scales(
    study: Callable[..., LoadedStudy],
) -> None:
    loaded = study(VAD, prompts="reader-valence-arousal-dominance", participants=3)
    card = loaded.models["smollm2-135m"]
    questions = build_questions(
        job(loaded, "arousal+dominance+valence"), card, [("s1", "It rains."), ("s2", "It snows.")]
    )
    assert [question.ask.participants for question in questions] == [(0, 1, 2), (0, 1, 2)]


# What does not, and what is said


def test_a_joint_prompt_set_asks_about_all_of_its_scales_or_none(
    study: Callable[..., LoadedStudy],
) -> None:
    told = refused(study, ["valence", "arousal"], prompts="reader-valence-arousal-dominance")
    file, _, problem = told.partition(", line ")
    assert file.endswith("config/prompts/reader-valence-arousal-dominance.yaml")
    assert problem.partition(": ")[2] == (
        "scales: asks about valence, arousal, "
        "dominance in one request, but the study does not ask about dominance of 'sentences'; "
        "ask about all of them, or write a prompt set for fewer"
    )


@pytest.mark.parametrize(
    ("scales", "prompts", "answers"),
    [
        (["emotions"], "labels-that-apply", "a list of labels"),
        (VAD, "reader-valence-arousal-dominance", "several scales at once"),
    ],
)
def test_probabilities_are_of_one_number_only(
    study: Callable[..., LoadedStudy], scales: list[str], prompts: str, answers: str
) -> None:
    assert refused(study, scales, prompts=prompts, readouts=["sampled", "exact"]) == (
        "mine.yaml: protocols, entry 1: the exact readout of 'asked' reads one number, but the "
        f"prompt set {prompts!r} asks for {answers}: only the sampled readout is possible"
    )


def test_a_form_that_does_not_fit_the_kind_of_scale_is_told_with_those_that_do(
    study: Callable[..., LoadedStudy], edit: Edit
) -> None:
    edit("prompts/labels-that-apply.yaml", lambda prompts: prompts["answer"].update(kind="text"))
    assert refused(study, ["emotions"], prompts="labels-that-apply").endswith(
        "config/prompts/labels-that-apply.yaml, line 1: answer.kind: text, but 'emotions' of "
        "'sentences' is a scale of labels; use labels, joint or structured"
    )
    edit(
        "prompts/reader-valence-arousal-dominance.yaml",
        lambda prompts: prompts["answer"].update(kind="labels"),
    )
    told = refused(study, ["valence"], prompts="reader-valence-arousal-dominance")
    assert "answer.kind: labels, but 'valence' of 'sentences' is a scale of numbers" in told
    assert "use text, next_token, joint or structured" in told


def test_wording_for_numbers_says_their_range_and_wording_for_labels_has_none(
    study: Callable[..., LoadedStudy], edit: Edit
) -> None:
    edit(
        "prompts/instruction.yaml", lambda prompts: prompts["scales"]["valence"].pop("written_for")
    )
    told = refused(study, ["valence"], prompts="instruction")
    assert told.endswith(
        "scales.valence.written_for: missing; the scale of 'sentences' runs from 1 to 5"
    )
    edit(
        "prompts/labels-that-apply.yaml",
        lambda prompts: prompts["scales"]["emotions"].update(written_for={"min": 1, "max": 5}),
    )
    told = refused(study, ["emotions"], prompts="labels-that-apply")
    assert told.endswith(
        "'emotions' of 'sentences' is a scale of labels and has no range; leave it out"
    )


def test_a_demonstration_is_shown_with_labels_of_the_scale(
    study: Callable[..., LoadedStudy], edit: Edit
) -> None:
    def show(labels: list[str]) -> None:
        shown = [{"text": "Hooray!", "labels": labels}]
        edit(
            "prompts/labels-that-apply.yaml",
            lambda prompts: prompts["scales"]["emotions"].update(demonstrations=shown),
        )

    show(["joy"])
    study(["emotions"], prompts="labels-that-apply")
    show(["bliss"])
    told = refused(study, ["emotions"], prompts="labels-that-apply")
    assert "'Hooray!' is not shown with labels of the scale; expected some of joy, anger" in told


def test_joint_prompts_have_no_demonstrations_and_no_key_twice(
    study: Callable[..., LoadedStudy], edit: Edit
) -> None:
    file = "prompts/reader-valence-arousal-dominance.yaml"
    edit(file, lambda prompts: prompts["scales"]["valence"].update(key="arousal"))
    told = refused(study, VAD, prompts="reader-valence-arousal-dominance")
    assert "two scales have the same key in the joint answer" in told
    edit(file, lambda prompts: prompts["scales"]["valence"].pop("key"))
    shown = [{"text": "Hooray!", "rating": 5}]
    edit(file, lambda prompts: prompts["scales"]["valence"].update(demonstrations=shown))
    told = refused(study, VAD, prompts="reader-valence-arousal-dominance")
    assert "joint answers have no demonstrations, but valence has some" in told


def test_a_dataset_without_a_prompt_set_and_one_nobody_knows_are_both_told(
    study: Callable[..., LoadedStudy],
) -> None:
    told = refused(study, ["emotions"], prompts_for={"sentenses": "labels-that-apply"})
    assert told.splitlines() == [
        "mine.yaml: protocols, entry 1: 'asked' has no prompt set for asking "
        "'smollm2-135m' about 'sentences'; name one as prompts, or as prompts_for.sentences",
        "mine.yaml: protocols, entry 1, prompts_for.sentenses: not a dataset of the study; did you "
        "mean 'sentences'?",
    ]


def test_recorded_labels_are_read_from_raw_answers(
    study: Callable[..., LoadedStudy], config_dir: Path, edit: Edit
) -> None:
    (config_dir / "models/smollm2-135m.yaml").write_text(
        "{title: People, engine: recorded, source: {file: people.csv}, scale: emotions, "
        "columns: {item: id, rating: chosen}}",
        encoding="utf-8",
    )
    told = refused(study, ["emotions"], prompts="labels-that-apply")
    assert told == (
        "mine.yaml: datasets, entry 1: model 'smollm2-135m': 'emotions' of 'sentences' is a scale "
        "of labels, which are read from raw answers; name their column as columns.answer in the "
        "model's card"
    )


@pytest.mark.parametrize(
    ("scale", "told"),
    [
        (
            {"kind": "label", "labels": ["a", "b"]},
            "scales.mood.kind: unknown kind 'label'; did you mean 'labels'?",
        ),
        ({"kind": "labels", "labels": ["a"]}, "scales.mood.labels: "),
        ({"kind": "labels", "labels": ["a", "A"]}, "the same label more than once: a"),
        (
            {"kind": "labels", "labels": ["a", " b"]},
            "scales.mood.labels, entry 2: expected text on one line",
        ),
        ({"kind": "labels", "labels": ["a", "b"], "min": 1}, "scales.mood.min: unknown key; "),
        ({"kind": "labels", "labels": ["a", "b"], "at_least": 3}, "do not fit 2 labels"),
        ({"kind": "labels", "labels": ["a", "b"], "at_most": 3}, "do not fit 2 labels"),
        ({"kind": "labels", "labels": ["a", "b"], "at_least": 2, "at_most": 1}, "do not fit"),
        ({"min": 1, "max": 9}, "scales.mood.direction: missing; expected: What a higher number"),
        ({"min": 1, "max": 9, "direction": "up", "labels": ["a"]}, "scales.mood.labels: unknown"),
    ],
)
def test_a_scale_that_is_neither_is_told_without_words_of_the_program(
    scale: Mapping[str, Any], told: str
) -> None:
    _, problems = validate(DatasetCard, {**CARD, "scales": {"mood": scale}}, "card.yaml")
    (problem,) = problems
    assert told in problem
    assert problem.startswith("card.yaml: scales.mood")
    assert "kind: labels" not in problem
    assert "kind: ordinal" not in problem


def test_labels_are_chosen_whatever_their_capitals_and_order() -> None:
    scale = LabelScale(kind="labels", labels=("joy", "Anger", "neutral"))
    assert scale.choice(["ANGER", "joy"]) == ("joy", "Anger")
    assert scale.choice([]) is None
    assert scale.choice(["joy", "Joy"]) is None
    assert scale.choice(["joys"]) is None


def test_a_scale_of_labels_says_what_it_is() -> None:
    with pytest.raises(ValidationError):
        LabelScale.model_validate({"labels": ["a", "b"]})
