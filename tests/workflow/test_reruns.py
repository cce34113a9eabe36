"""What runs again after a change: exactly what the change concerns, and what depends on it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson
import pytest

from emoalign.elicitation.answers import Answer
from emoalign.elicitation.cells import Cell
from emoalign.elicitation.engines.vllm.card import VllmModel
from emoalign.elicitation.inquiry import Inquiry
from emoalign.elicitation.requests import Ask
from emoalign.planning.jobs import Jobs
from emoalign.planning.loading import load_study
from emoalign.study.reading import read_yaml
from emoalign.tables import STIMULI

from .conftest import STUDY, Project

SMALL = "config/studies/small.yaml"
SHARDS = ("0000", "0001")


def rate_jobs(models: tuple[str, ...], protocols: tuple[str, ...]) -> set[tuple[str, str]]:
    return {
        (
            "rate",
            f"model={model}, protocol={protocol}, dataset=vader, scale=valence, shard={shard}",
        )
        for model in models
        for protocol in protocols
        for shard in SHARDS
    }


PAGES = {("write_manifest", ""), ("write_report", "")}
STATISTICS = {
    ("align", ""),
    ("compare", ""),
    ("compare_distributions", ""),
    ("draw_figure", "figure=correlations"),
    ("draw_figure", "figure=heatmap"),
    ("draw_figure", "figure=vader/valence/entropy"),
    ("draw_figure", "figure=vader/valence/calibration"),
    ("draw_figure", "figure=vader/valence/means"),
    ("draw_figure", "figure=vader/wordings"),
    ("review_calibration", ""),
    ("score_distributions", ""),
    ("write_report", ""),
}
AGGREGATION = {
    ("aggregate_items", "dataset=vader"),
    ("calibrate", "dataset=vader"),
    ("compare_structure", ""),
    ("decompose_variance", ""),
    ("draw_figure", "figure=vader/valence/spread"),
    ("write_manifest", ""),
    *STATISTICS,
}


def test_a_finished_study_has_nothing_to_do(finished: Project) -> None:
    assert finished.planned() == set()


def test_a_third_model_runs_its_own_jobs_and_what_depends_on_them(rerun: Project) -> None:
    before = rerun.journal()
    rerun.edit(SMALL, models=["model-a", "model-b", "model-c"])
    expected = rate_jobs(("model-c",), ("sheet", "asked")) | AGGREGATION

    assert rerun.planned() == expected
    assert rerun.run() == expected

    after = rerun.journal()
    assert {path: after[path] for path in before} == before
    new = [path for path in after if path not in before]
    assert len(new) == 4
    assert all("/model-c/" in path for path in new)


def test_a_removed_model_leaves_only_the_aggregation_to_do(rerun: Project) -> None:
    rerun.edit(SMALL, models=["model-b"])
    assert rerun.planned() == AGGREGATION


def test_the_order_of_models_and_protocols_matters_to_nothing(rerun: Project) -> None:
    rerun.edit(SMALL, models=["model-b", "model-a"], protocols=list(reversed(STUDY["protocols"])))
    assert rerun.planned() == set()


def test_how_hard_a_server_is_worked_matters_to_nothing(rerun: Project) -> None:
    rerun.edit("config/models/model-a.yaml", limits={"concurrency": 2, "timeout_s": 60})
    assert rerun.planned() == set()


def test_a_new_title_of_the_study_concerns_only_its_pages(rerun: Project) -> None:
    rerun.edit(SMALL, title="Another title")
    assert rerun.planned() == PAGES


def test_one_prompt_changed_asks_only_the_protocols_that_use_it(rerun: Project) -> None:
    prompts = rerun.folder / "config/prompts/instruction.yaml"
    text = prompts.read_text(encoding="utf-8")
    assert "Answer with a number" in text
    prompts.write_text(text.replace("Answer with a number", "Reply with a number"), "utf-8")
    assert rerun.planned() == rate_jobs(("model-a", "model-b"), ("asked",)) | AGGREGATION


def test_more_resamples_concern_only_the_statistics(rerun: Project) -> None:
    rerun.edit(SMALL, statistics={**STUDY["statistics"], "bootstrap_resamples": 300})
    assert rerun.planned() == STATISTICS | PAGES


def test_another_choice_of_methods_concerns_only_the_calibration(rerun: Project) -> None:
    rerun.edit(SMALL, calibration={"methods": ["isotonic"]})
    calibration = {
        ("calibrate", "dataset=vader"),
        ("draw_figure", "figure=vader/valence/calibration"),
        ("review_calibration", ""),
        ("score_distributions", ""),
    }
    assert rerun.planned() == calibration | PAGES


def test_more_permutations_concern_only_the_structure(rerun: Project) -> None:
    rerun.edit(SMALL, statistics={**STUDY["statistics"], "permutations": 200})
    assert rerun.planned() == {("compare_structure", "")} | PAGES


def test_a_figure_left_out_is_not_drawn_and_the_others_stay(rerun: Project) -> None:
    rerun.edit(SMALL, figures=["spread", "means"])
    assert rerun.planned() == PAGES
    rerun.run()
    rerun.edit(SMALL, figures=["means", "spread"])
    assert rerun.planned() == set()
    rerun.edit(SMALL, figures=None)
    assert rerun.planned() == PAGES
    (rerun.folder / "results/small/figures/vader/valence/means.png").unlink()
    assert rerun.planned() == {("draw_figure", "figure=vader/valence/means")} | PAGES


def test_more_participants_are_asked_without_asking_the_first_ones_again(rerun: Project) -> None:
    before = rerun.journal()
    protocols = [dict(protocol) for protocol in STUDY["protocols"]]
    protocols[0]["participants"] = 6
    rerun.edit(SMALL, protocols=protocols)

    assert rerun.run() == rate_jobs(("model-a", "model-b"), ("sheet",)) | AGGREGATION

    for path, content in rerun.journal().items():
        assert content.startswith(before[path])
        lines = [orjson.loads(line) for line in content.splitlines()]
        keys = [(line["request_id"], line["participant"]) for line in lines]
        assert len(keys) == len(set(keys))
        added = len(keys) - len(before[path].splitlines())
        assert added == (6 * 2 if "/sheet." in path else 0)


def test_lost_results_come_back_from_the_journal_without_a_request(rerun: Project) -> None:
    before = rerun.journal()
    for ratings in (rerun.folder / "results/small/ratings/model-a").rglob("*.parquet"):
        ratings.unlink()
    assert rate_jobs(("model-a",), ("sheet", "asked")) <= rerun.run("ratings")
    assert rerun.journal() == before


def test_one_shard_gives_the_same_items_as_two_and_asks_for_nothing(rerun: Project) -> None:
    table = rerun.folder / "results/small/items/vader.parquet"
    of_two, answers = table.read_bytes(), sum(map(len, rerun.journal().values()))
    rerun.edit(SMALL, shard_items=None)
    ran = rerun.run("items")
    assert ("aggregate_items", "dataset=vader") in ran
    assert not [job for job in ran if job[0] == "rate" and "shard=0001" in job[1]]
    assert table.read_bytes() == of_two
    assert sum(map(len, rerun.journal().values())) == answers


# Models that vLLM loads: all that a protocol asks about a dataset is one job


LOADED = """\
title: A model on a GPU
engine: vllm
model: org/model
revision: abc
"""


def loading_jobs(protocols: tuple[str, ...]) -> set[tuple[str, str]]:
    return {
        (
            f"rate_together_{protocol}_vader",
            f"model=model-v, protocol={protocol}, dataset=vader, shard={shard}",
        )
        for protocol in protocols
        for shard in SHARDS
    }


def answer_all(project: Project) -> None:
    """Fill the journal of the model as if it had been asked, on a machine with a GPU."""
    study, problems = read_yaml(project.folder / SMALL)
    assert not problems
    jobs = Jobs(load_study(study, project.folder / "config"))
    card = jobs.loaded.models["model-v"]
    assert isinstance(card, VllmModel)
    items = STIMULI.read(project.folder / "results/small/stimuli/vader.parquet")
    for protocol in ("sheet", "asked"):
        for shard in SHARDS:
            for job in jobs.rate_together("model-v", protocol, "vader"):
                journal = project.folder / "results/journal"
                cell = Cell(job, items, journal, shard)
                with Inquiry(cell, card) as inquiry:
                    inquiry.keep(list(answers(inquiry.missing())))


def answers(asks: Iterable[Ask]) -> Iterator[Answer]:
    """What participants and distributions may say."""
    for ask in asks:
        for one in ask.participants:
            yield Answer(
                request_id=ask.request.request_id,
                participant=one,
                text="5",
                finish_reason="stop",
                model_reported="model@abc",
                prompt_tokens=30,
                completion_tokens=1,
                latency_s=0.1,
                received="2026-01-01T00:00:00+00:00",
                logprobs=(("5", -0.5), ("6", -1.5), ("", -1.7)) if one is None else None,
            )


@pytest.fixture(scope="module")
def loaded(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The finished project with a model whose answers are all in the journal already."""
    project = Project(tmp_path_factory.mktemp("loaded") / "project")
    shutil.copytree(finished.folder, project.folder, symlinks=True)
    (project.folder / "config/models/model-v.yaml").write_text(LOADED, encoding="utf-8")
    project.edit(SMALL, models=["model-a", "model-v"])
    assert project.planned() == loading_jobs(("sheet", "asked")) | AGGREGATION
    answer_all(project)
    project.run()
    return project


@pytest.fixture
def again(loaded: Project, tmp_path: Path) -> Project:
    shutil.copytree(loaded.folder, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")


CARD = "config/models/model-v.yaml"


def test_answers_that_came_from_elsewhere_need_no_gpu(loaded: Project) -> None:
    assert loaded.planned() == set()
    ratings = loaded.folder / "results/small/ratings/model-v"
    assert len(list(ratings.rglob("*.parquet"))) == 4


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "The same model"},
        {"gpu_memory_gb": 80, "memory_gb": 64},
        {"tensor_parallel_size": 2},
        {"context_tokens": 4096},
    ],
)
def test_where_a_model_is_loaded_matters_to_no_rating(
    changes: dict[str, object], again: Project
) -> None:
    again.edit(CARD, **changes)
    assert not loading_jobs(("sheet", "asked")) & again.planned()


@pytest.mark.parametrize(
    "changes", [{"revision": "abd"}, {"dtype": "float16"}, {"head_dtype": "model"}]
)
def test_other_weights_or_numbers_are_asked_anew(
    changes: dict[str, object], again: Project
) -> None:
    again.edit(CARD, **changes)
    planned = again.planned()
    assert loading_jobs(("sheet", "asked")) <= planned
    assert not rate_jobs(("model-a",), ("sheet", "asked")) & planned


def test_a_prompt_changed_loads_a_model_only_for_the_protocols_that_use_it(again: Project) -> None:
    prompts = again.folder / "config/prompts/instruction.yaml"
    text = prompts.read_text(encoding="utf-8")
    prompts.write_text(text.replace("Answer with a number", "Reply with a number"), "utf-8")
    changed = rate_jobs(("model-a",), ("asked",)) | loading_jobs(("asked",))
    assert again.planned() == changed | AGGREGATION


def test_a_third_model_leaves_those_that_were_loaded_alone(again: Project) -> None:
    again.edit(SMALL, models=["model-a", "model-b", "model-v"])
    planned = again.planned()
    assert not loading_jobs(("sheet", "asked")) & planned
