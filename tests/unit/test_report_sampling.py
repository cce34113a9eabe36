"""What the report says of sampling: how answers were drawn, and what that confounds."""

from __future__ import annotations

from typing import Any

import pytest

from emoalign.elicitation.engines.abilities import SAMPLING
from emoalign.report.asked_differently import apart
from emoalign.report.report_job import ReportJob
from emoalign.report.sampling_in_words import confounded, drawn
from tests.kit.words import report_job

FULL = "from the model's full distribution (top-p 1"
OWN = {"temperature": "provider"}


def job(sent: dict[str, tuple[str, ...]], **protocols: dict[str, Any]) -> ReportJob:
    """A study of models that are sent these parameters of sampling."""
    made = report_job(models=tuple(sent), protocols=protocols)
    models = {
        name: model.model_copy(update={"sent": sent[name]}) for name, model in made.models.items()
    }
    return made.model_copy(update={"models": models})


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (SAMPLING, f"Answers were sampled {FULL}, without top-k, minimum probability or"),
        (("temperature", "top_p"), f"Answers were sampled {FULL}; other settings"),
        (
            ("temperature",),
            "Answers were sampled at the temperature of the protocol; other settings",
        ),
        ((), "Answers were sampled by the provider's own settings, because the model takes none."),
    ],
)
def test_answers_were_drawn_as_the_parameters_that_were_sent_have_it(
    sent: tuple[str, ...], told: str
) -> None:
    (sentence,) = drawn(job({"m": sent}, p={"temperature": 1}))
    assert sentence.startswith(told)


def test_models_that_are_sent_different_parameters_are_told_one_by_one() -> None:
    told = " ".join(drawn(job({"m": SAMPLING, "n": ()}, p={"temperature": 1})))
    assert f"Answers of Model m were sampled {FULL}" in told
    assert "Answers of Model n were sampled by the provider's own settings" in told
    assert "Model n takes no setting of sampling, so a difference from Model m may be due" in told


def test_sampling_that_is_left_to_the_provider_is_not_said_to_be_known() -> None:
    one = " ".join(drawn(job({"m": SAMPLING}, p=OWN)))
    assert "Under p, no setting of sampling was sent, so the provider's own settings" in one
    assert "top-p 1" not in one
    assert "between models" not in one
    two = " ".join(drawn(job({"m": SAMPLING, "n": ()}, p=OWN)))
    assert "so that differences between models may be due to them" in two


@pytest.mark.parametrize(
    ("sent", "protocols", "told"),
    [
        ({"m": SAMPLING}, {"p": {}, "q": OWN}, ["under p were sampled at a stated temperature"]),
        ({"m": SAMPLING}, {"p": OWN, "q": OWN}, []),
        ({"m": SAMPLING}, {"p": {"temperature": 0.5}, "q": {}}, []),
        ({"m": SAMPLING, "n": ()}, {"p": OWN}, []),
        ({"m": SAMPLING, "n": ()}, {"p": {}}, ["a difference from Model m may be due to sampling"]),
        (
            {"m": SAMPLING, "n": (), "o": ()},
            {"p": {}, "q": OWN},
            [
                "those under q by the provider's own settings: a difference between these",
                "Model n and Model o take no setting of sampling, so a difference from Model m "
                "under p may be due to sampling.",
            ],
        ),
        # What is read exactly is not sampled.
        ({"m": SAMPLING, "n": ()}, {"p": {"readouts": ["exact"]}, "q": OWN}, []),
    ],
)
def test_a_comparison_across_kinds_of_sampling_is_told_to_be_confounded(
    sent: dict[str, tuple[str, ...]], protocols: dict[str, Any], told: list[str]
) -> None:
    found = list(confounded(job(sent, **protocols)))
    assert len(found) == len(told)
    assert all(words in sentence for words, sentence in zip(told, found, strict=True))


def test_protocols_are_told_apart_by_sampling_and_thinking() -> None:
    made = report_job(protocols={"p": {"temperature": 0.5}, "q": OWN | {"thinking": "high"}})
    assert apart(made, "p", "q", "words", "valence") == [
        "temperature (0.5 vs. the provider's default)",
        "thinking (the provider's default vs. high)",
    ]
