"""The smallest study there is, through every stage: it ends, and says what it cannot tell."""

from __future__ import annotations

import pytest

from tests.kit.project import SMALL, new_project


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of one model that rated one item on one scale, in one readout."""
    project = new_project(tmp_path_factory.mktemp("one"))
    protocol = {"name": "asked", "prompts": "instruction", "readouts": ["sampled"]}
    datasets = [{"dataset": "vader", "scales": ["valence"], "sample": 1}]
    project.edit(
        SMALL,
        models=["model-a"],
        datasets=datasets,
        protocols=[{**protocol, "participants": 2}],
    )
    project.run()
    return (project.results / "report.html").read_text(encoding="utf-8")


def test_one_item_is_told_to_be_too_few(page: str) -> None:
    assert (
        "only 1 item can be compared" in page
        or "no item has both a model rating and a human rating" in page
    )


@pytest.mark.parametrize(
    "why",
    [
        "this study has no such pair",
        "this study does not have both",
        "No protocol asked for more than one of sampled answers, exact probabilities and decisions",
        "requires a dataset with human ratings on both",
        "No expectation from a published study could be checked",
    ],
)
def test_what_a_study_of_one_item_lacks_is_told(page: str, why: str) -> None:
    assert why in page
