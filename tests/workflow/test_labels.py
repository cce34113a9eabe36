"""Labels and joint answers, from a server's text to the report."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image as Picture

from emoalign.tables import (
    ALIGNMENT,
    ITEMS,
    LABELS,
    NORMS,
    RATINGS,
    TRANSPARENCY,
    TRANSPARENCY_GRADIENT,
)
from tests.faults.server import FaultServer, Heard
from tests.kit.project import FEW, SMALL, Project, new_project

LABEL_NAMES = ["anger", "joy", "neutral"]
COMMENTS = {
    "c1": ("You made my day!", ["joy", "joy", "joy", "joy neutral"]),
    "c2": ("Get lost.", ["anger", "anger", "anger", "neutral"]),
    "c3": ("It is Tuesday.", ["neutral", "neutral", "unclear", "joy"]),
    "c4": ("asdf", ["unclear"]),
    "c5": ("I cannot believe you did that", ["anger joy", "anger", "neutral", "joy"]),
}
CHOSEN = {
    "You made my day!": ['["joy"]', '["Joy", "neutral"]', '["joy"]', "joy"],
    "Get lost.": ['["anger"]'] * 4,
    "It is Tuesday.": ['["neutral"]', '["boredom"]', "[]", '["neutral"]'],
    "I cannot believe you did that": ["I'm sorry, but I can't help with that."] * 4,
}
JOINT = ['{"V": 5, "A": 2}', '{"V": 6, "A": 2}', '{"V": 9, "A": 2}', "5 and 2"]
THEMES = ["Lake 1", "Snake 1", "Storm 1", "Wall 1"]


def reply(heard: Heard, choice: int) -> str:
    for text, answers in CHOSEN.items():
        if heard.prompt.startswith(text):
            return answers[choice]
    return JOINT[choice]


def write_comments(path: Path) -> None:
    """Comments in the format of GoEmotions' rater-level files, as a spreadsheet saves them."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["text", "id", "author", "rater_id", "example_very_unclear", *LABEL_NAMES])
        for item_id, (text, choices) in COMMENTS.items():
            for rater, choice in enumerate(choices):
                unclear = choice == "unclear"
                chosen = [int(label in choice.split()) for label in LABEL_NAMES]
                rows.writerow([text, item_id, "someone", rater, str(unclear).upper(), *chosen])


def write_images(folder: Path) -> None:
    header = "Theme,Category,Source," + ",".join(
        f"{name}_{part}" for name in ("Valence", "Arousal") for part in ("mean", "SD", "N")
    )
    rows = [
        f"I{number},{theme},Scene,x,{number + 1.5},1.0,100,{5.5 - number},1.2,100"
        for number, theme in enumerate(THEMES, 1)
    ]
    (folder / "images").mkdir(parents=True)
    (folder / "norms.csv").write_text("\n".join([f",{header}", *rows]) + "\n", encoding="utf-8")
    for number, theme in enumerate(THEMES):
        Picture.new("RGB", (20, 10), (60 * number, 0, 0)).save(folder / "images" / f"{theme}.jpg")


STUDY = {
    "study": "small",
    "title": "Labels and joint answers",
    "seed": 1,
    "models": ["server"],
    "datasets": [{"dataset": "comments"}, {"dataset": "pictures"}],
    "protocols": [
        {
            "name": "asked",
            "prompts": "choose",
            "prompts_for": {"pictures": "both"},
            "participants": 4,
        }
    ],
    "statistics": FEW,
    "figures": [],
}


def lay_out(project: Project, address: str) -> None:
    resources = project.folder / "resources"
    resources.mkdir()
    write_comments(resources / "comments.csv")
    write_images(resources / "pictures")
    terms = {"licence": "MIT", "citation": "@misc{x}", "redistribute": True}
    project.write(
        "config/datasets/comments.yaml",
        {
            "title": "Comments",
            "modality": "sentence",
            "source": {"reader": "goemotions", "ratings": [{"file": "resources/comments.csv"}]},
            "scales": {"emotions": {"kind": "labels", "labels": LABEL_NAMES}},
            **terms,
        },
    )
    seven = {"min": 1, "max": 7, "direction": "higher is more"}
    project.write(
        "config/datasets/pictures.yaml",
        {
            "title": "Pictures",
            "modality": "image",
            "source": {"reader": "oasis", "norms": {"file": "resources/pictures/norms.csv"}},
            "images": "resources/pictures/images",
            "scales": {"valence": seven, "arousal": seven},
            **terms,
        },
    )
    project.write(
        "config/prompts/choose.yaml",
        {
            "title": "Choose",
            "kind": "chat",
            "template": "{{ item.text }}: {{ scale.labels | join(', ') }}? {{ instruction }}",
            "answer": {"kind": "labels", "max_tokens": 20},
            "scales": {"emotions": {"instruction": "Select all that apply."}},
        },
    )
    rated = {"written_for": {"min": 1, "max": 7}, "instruction": "from 1 to 7"}
    project.write(
        "config/prompts/both.yaml",
        {
            "title": "Both",
            "kind": "chat",
            "template": "{% for one in scales %}{{ one.key }}, {{ one.name }}, "
            "{{ one.instruction }} ({{ one.min | int }}, {{ one.max | int }}).{% endfor %}",
            "answer": {"kind": "joint", "max_tokens": 20},
            "scales": {"valence": rated | {"key": "V"}, "arousal": rated | {"key": "A"}},
        },
    )
    project.write(
        "config/models/server.yaml",
        {
            "title": "A server",
            "engine": "openai",
            "model": "faulty",
            "base_url": address,
            "api_key_env": None,
            "capabilities": {"choices": 4, "seed_bits": 63, "modalities": ["sentence", "image"]},
        },
    )
    project.write(SMALL, STUDY)


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer(reply=reply).running() as running:
        yield running


@pytest.fixture(scope="module")
def labelled(server: FaultServer, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = new_project(tmp_path_factory.mktemp("labels"))
    lay_out(project, server.address)
    project.run()
    return project


def test_one_request_asks_about_all_scales_of_a_joint_question(
    server: FaultServer, labelled: Project
) -> None:
    heard = [one.prompt for one in server.heard]
    assert len(heard) == 4 + len(THEMES)
    joint = [prompt for prompt in heard if "V, valence, from 1 to 7 (1, 7)" in prompt]
    assert len(joint) == len(THEMES)
    assert all("A, arousal, from 1 to 7 (1, 7)" in prompt for prompt in joint)
    assert "Get lost.: anger, joy, neutral? Select all that apply." in heard


def test_each_answer_is_a_row_for_each_scale_with_a_status_of_its_own(labelled: Project) -> None:
    file = "ratings/server/asked/pictures/arousal+valence/0000.parquet"
    ratings = RATINGS.read(labelled.results / file)
    assert len(ratings) == len(THEMES) * 4 * 2
    by_scale = ratings[ratings["item_id"] == "I1"].set_index(["scale", "participant"])
    valence, arousal = by_scale.loc["valence"], by_scale.loc["arousal"]
    assert valence["status"].tolist() == ["ok", "ok", "off_scale", "unparsable"]
    assert valence["rating"].dropna().tolist() == [5, 6]
    assert arousal["status"].tolist() == ["ok", "ok", "ok", "unparsable"]
    assert arousal["rating"].dropna().tolist() == [2, 2, 2]
    assert valence["text"].tolist() == arousal["text"].tolist() == JOINT
    tokens = ratings.groupby("request_id")["prompt_tokens"]
    assert (tokens.sum() == tokens.max()).all(), "tokens are counted once, not once per scale"


def test_labels_are_kept_as_they_were_chosen_and_nothing_else_becomes_one(
    labelled: Project,
) -> None:
    ratings = RATINGS.read(labelled.results / "ratings/server/asked/comments/emotions/0000.parquet")
    found = {
        item: [None if row is None else row.tolist() for row in rows]
        for item, rows in ratings.groupby("item_id")["labels"]
    }
    assert found == {
        "c1": [["joy"], ["joy", "neutral"], ["joy"], None],
        "c2": [["anger"]] * 4,
        "c3": [["neutral"], None, None, ["neutral"]],
        "c5": [None] * 4,
    }
    assert ratings["rating"].isna().all()
    statuses = ratings.set_index(["item_id", "participant"])["status"]
    assert statuses["c3"].tolist() == ["ok", "unparsable", "unparsable", "ok"]
    assert set(statuses["c5"]) == {"refusal"}


def test_norms_hold_what_each_rater_chose_and_unclear_rows_do_not_count(labelled: Project) -> None:
    norms = NORMS.read(labelled.results / "norms/comments.parquet").set_index("item_id")
    assert norms["n"].to_dict() == {"c1": 4, "c2": 4, "c3": 3, "c5": 4}
    assert [chosen.tolist() for chosen in norms.loc["c3", "labels"]] == [
        ["neutral"],
        ["neutral"],
        ["joy"],
    ]
    log = (labelled.results / "logs/prepare_stimuli/comments.log").read_text(encoding="utf-8")
    assert "2 rows without labels" in log
    assert "1 of 5 comments" in log


def test_items_have_the_share_of_answers_and_of_people_for_each_label(labelled: Project) -> None:
    items = ITEMS.read(labelled.results / "items/comments.parquet").set_index("item_id")
    assert items.loc["c1", "distribution"].tolist() == [0, 1, pytest.approx(1 / 3)]
    assert items.loc["c1", "human_distribution"].tolist() == [0, 1, 0.25]
    assert items.loc["c3", "distribution"].tolist() == [0, 0, 1]
    assert items.loc["c5", "distribution"] is None
    assert items[["mean", "sd"]].isna().all(axis=None)


def test_each_label_is_compared_with_people(labelled: Project) -> None:
    labels = LABELS.read(labelled.results / "statistics/labels.parquet").set_index("label")
    assert list(labels.index) == LABEL_NAMES
    assert set(labels["n_items"]) == {3}
    model = pd.DataFrame({"joy": [1, 0, 0], "anger": [0, 1, 0], "neutral": [1 / 3, 0, 1]})
    people = pd.DataFrame(
        {"joy": [1, 0, 1 / 3], "anger": [0, 0.75, 0], "neutral": [0.25, 0.25, 2 / 3]}
    )
    rho = model.corrwith(people, method="spearman")
    for label in LABEL_NAMES:
        assert labels.loc[label, "model_rate"] == pytest.approx(model[label].mean())
        assert labels.loc[label, "human_rate"] == pytest.approx(people[label].mean())
        assert labels.loc[label, "spearman_rho"] == pytest.approx(rho[label])
    cells = ALIGNMENT.read(labelled.results / "statistics/alignment.parquet")
    assert set(zip(cells["dataset"], cells["scale"], strict=True)) == {
        ("pictures", "arousal"),
        ("pictures", "valence"),
    }


def test_the_report_tells_of_both(labelled: Project) -> None:
    page = (labelled.results / "report.html").read_text(encoding="utf-8")
    assert "A server chose from 3 labels for 3 sentences of Comments" in page
    assert "The label it overused most was " in page
    assert "gave a choice of labels in only 56% of its sampled answers" in page
    assert "Do models choose labels as people do?" in page
    assert "an answer chose 1 or more of 3 labels: anger, joy, neutral" in page
    assert "Comments, emotions" in page
    assert "[&#34;boredom&#34;]" in page
    assert "Pictures, arousal, valence" in page


def test_a_study_of_labels_alone_has_a_report_without_correlations(
    labelled: Project, tmp_path: Path
) -> None:
    alone = labelled.copied(tmp_path / "project")
    protocol = {"name": "asked", "prompts": "choose", "participants": 4}
    alone.edit(SMALL, datasets=[{"dataset": "comments"}], protocols=[protocol])
    ran = alone.run()
    assert "rate" not in {rule for rule, _ in ran}, "another dataset's prompts concern no rating"
    page = (alone.results / "report.html").read_text(encoding="utf-8")
    assert "A server chose from 3 labels" in page
    assert 'id="alignment"' not in page
    assert 'id="people"' not in page


def test_a_second_run_asks_nothing(server: FaultServer, labelled: Project) -> None:
    asked = len(server.heard)
    assert labelled.run() == set()
    assert len(server.heard) == asked


@pytest.fixture(scope="module")
def planned(labelled: Project) -> Path:
    """The results of the study, with its plan."""
    labelled.run("plan")
    return labelled.results


def test_plan_counts_a_joint_question_once(planned: Path) -> None:
    plan = pd.read_csv(planned / "plan.csv").set_index("scale")
    assert plan["answers"].to_dict() == {"emotions": 16, "arousal+valence": 16}
    assert (plan["held"] == plan["answers"]).all()


def test_plan_says_how_wide_the_intervals_of_labels_and_numbers_will_be(planned: Path) -> None:
    precision = pd.read_csv(planned / "precision.csv")
    asked = precision.groupby("scale")["measure"].agg(set).to_dict()
    of_numbers = {"r", "jsd", "log_rms_sd_ratio"}
    assert asked == {"emotions": {"jsd"}, "arousal": of_numbers, "valence": of_numbers}
    log = (planned / "logs/plan.log").read_text(encoding="utf-8")
    assert "comments, emotions: 4 items, 4 participants. Expected half-widths" in log


def test_the_transparency_of_labels_is_told_and_why_most_of_it_is_missing(
    labelled: Project,
) -> None:
    folder = labelled.results / "statistics"
    found = TRANSPARENCY.read(folder / "transparency.parquet").set_index("label")
    assert list(found.index) == LABEL_NAMES
    items = ITEMS.read(labelled.results / "items/comments.parquet")
    means = np.mean(items["human_distribution"].tolist(), axis=0)
    shares = dict(zip(LABEL_NAMES, means, strict=True))
    assert found["prevalence"].to_dict() == pytest.approx(shares)
    assert all("10 are needed" in reason for reason in found["reason"])
    gradients = TRANSPARENCY_GRADIENT.read(folder / "transparency_gradient.parquet")
    assert gradients["predictor"].tolist() == ["t", "e", "l", "probe_auc"]
    assert all("5 are needed" in reason for reason in gradients["reason"])
