"""What runs again after a change: exactly what the change concerns, and what depends on it."""

from __future__ import annotations

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
from tests.kit.jobs import (
    AGGREGATION,
    FIGURES,
    PAGES,
    SHARDS,
    STATISTICS,
    rate_jobs,
)
from tests.kit.project import SMALL, STUDY, Project

DRAWN = AGGREGATION | FIGURES


def test_a_finished_study_has_nothing_to_do(finished: Project) -> None:
    assert finished.planned() == set()


def test_a_third_model_runs_its_own_jobs_and_what_depends_on_them(rerun: Project) -> None:
    rerun.edit(SMALL, models=["model-a", "model-b", "model-c"])
    assert rerun.planned() == rate_jobs(("model-c",), ("sheet", "asked")) | DRAWN


def test_a_removed_model_leaves_only_the_aggregation_to_do(rerun: Project) -> None:
    rerun.edit(SMALL, models=["model-b"])
    assert rerun.planned() == DRAWN


def test_neither_the_order_of_models_and_protocols_nor_the_load_on_a_server_matters_to_anything(
    rerun: Project,
) -> None:
    rerun.edit(SMALL, models=["model-b", "model-a"], protocols=list(reversed(STUDY["protocols"])))
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
    assert rerun.planned() == rate_jobs(("model-a", "model-b"), ("asked",)) | DRAWN


def test_more_resamples_concern_only_the_statistics(rerun: Project) -> None:
    rerun.edit(SMALL, statistics={**STUDY["statistics"], "bootstrap_resamples": 300})
    assert rerun.planned() == STATISTICS | FIGURES | PAGES


def test_another_choice_of_methods_concerns_only_the_calibration(rerun: Project) -> None:
    rerun.edit(SMALL, calibration={"methods": ["isotonic"]})
    calibration = {
        ("calibrate", "dataset=vader"),
        ("draw_figures_vader", ""),
        ("review_calibration", ""),
        ("check_expectations", ""),
    }
    assert rerun.planned() == calibration | PAGES


def test_more_permutations_concern_only_the_structure(rerun: Project) -> None:
    rerun.edit(SMALL, statistics={**STUDY["statistics"], "permutations": 200})
    assert rerun.planned() == {("compare_structure", "")} | PAGES


def test_another_choice_of_figures_draws_those_of_the_datasets_it_concerns(rerun: Project) -> None:
    of_study, of_dataset = {("draw_figures", "")}, {("draw_figures_vader", "")}
    rerun.edit(SMALL, figures=["correlations", "heatmap", "spread", "means"])
    assert rerun.planned() == of_dataset | PAGES
    rerun.run()
    rerun.edit(SMALL, figures=["means", "spread", "heatmap", "correlations"])
    assert rerun.planned() == set(), "in whatever order they are named"
    rerun.edit(SMALL, figures=["means", "spread", "heatmap"])
    assert rerun.planned() == of_study | PAGES
    rerun.edit(SMALL, figures=["means", "spread"])
    assert rerun.planned() == PAGES
    (rerun.results / "figures/vader/valence/means.png").unlink()
    assert rerun.planned() == of_dataset | PAGES


def with_participants(number: int) -> list[dict[str, object]]:
    """The protocols of the small study with so many participants."""
    sheet, asked = STUDY["protocols"]
    return [sheet | {"participants": number}, asked]


def test_more_participants_are_asked_by_the_protocol_that_has_them(rerun: Project) -> None:
    rerun.edit(SMALL, protocols=with_participants(6))
    assert rerun.planned() == rate_jobs(("model-a", "model-b"), ("sheet",)) | DRAWN


@pytest.fixture(scope="module")
def grown(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The study with a third model and with more participants, run again."""
    project = finished.copied(tmp_path_factory.mktemp("grown") / "project")
    models = ("model-a", "model-b", "model-c")
    project.edit(SMALL, models=list(models), protocols=with_participants(6), figures=[])
    rated = rate_jobs(models, ("sheet",)) | rate_jobs(("model-c",), ("asked",))
    assert project.run() == rated | AGGREGATION
    return project


def test_a_third_model_writes_into_files_of_its_own(finished: Project, grown: Project) -> None:
    new = set(grown.journal()) - set(finished.journal())
    assert len(new) == 4
    assert all(path.startswith("model-c/") for path in new)


def test_more_participants_are_asked_without_asking_the_first_ones_again(
    finished: Project, grown: Project
) -> None:
    after = grown.journal()
    for path, before in finished.journal().items():
        assert after[path].startswith(before)
        lines = [orjson.loads(line) for line in after[path].splitlines()]
        keys = [(line["request_id"], line["participant"]) for line in lines]
        assert len(keys) == len(set(keys))
        added = len(keys) - len(before.splitlines())
        assert added == (6 * 2 if "/sheet." in path else 0)


def test_lost_results_come_back_from_the_journal_without_a_request(rerun: Project) -> None:
    before = rerun.journal()
    for ratings in (rerun.results / "ratings/model-a").rglob("*.parquet"):
        ratings.unlink()
    assert rate_jobs(("model-a",), ("sheet", "asked")) <= rerun.run("ratings")
    assert rerun.journal() == before


def test_one_shard_gives_the_same_items_as_two_and_asks_for_nothing(rerun: Project) -> None:
    table = rerun.results / "items/vader.parquet"
    of_two, answers = table.read_bytes(), sum(map(len, rerun.journal().values()))
    rerun.edit(SMALL, shard_items=None)
    ran = rerun.run("items")
    assert ("aggregate_items", "dataset=vader") in ran
    assert not [job for job in ran if job[0] == "rate" and "shard=0001" in job[1]]
    assert table.read_bytes() == of_two
    assert sum(map(len, rerun.journal().values())) == answers


# Models that vLLM loads: all that a protocol asks about a dataset is one job


CARD = "config/models/model-v.yaml"
LOADED = {"title": "On a GPU", "engine": "vllm", "model": "org/model", "revision": "abc"}


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
    items = STIMULI.read(project.results / "stimuli/vader.parquet")
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
    project = finished.copied(tmp_path_factory.mktemp("loaded") / "project")
    project.write(CARD, LOADED)
    project.edit(SMALL, models=["model-a", "model-v"], figures=[])
    assert project.planned() == loading_jobs(("sheet", "asked")) | AGGREGATION
    answer_all(project)
    project.run()
    return project


@pytest.fixture
def again(loaded: Project, tmp_path: Path) -> Project:
    return loaded.copied(tmp_path / "project")


def test_answers_that_came_from_elsewhere_need_no_gpu(loaded: Project) -> None:
    assert loaded.planned() == set()
    ratings = loaded.results / "ratings/model-v"
    assert len(list(ratings.rglob("*.parquet"))) == 4


def test_where_a_model_is_loaded_matters_to_no_rating(again: Project) -> None:
    again.edit(CARD, title="The same model", context_tokens=4096)
    again.edit(CARD, gpu_memory_gb=80, memory_gb=64, tensor_parallel_size=2)
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
