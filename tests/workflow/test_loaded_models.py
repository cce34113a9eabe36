"""Models that vLLM loads: all that a protocol asks about a dataset is one job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from emoalign.elicitation.engines.vllm.vllm_model import VllmModel
from emoalign.elicitation.inquiry import Inquiry
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import Ask, RatingTask
from emoalign.planning.jobs import Jobs
from emoalign.planning.loading import load_study
from emoalign.study.reading import read_yaml
from emoalign.tables import STIMULI
from tests.kit.jobs import AGGREGATION, SHARDS, rate_jobs
from tests.kit.project import SMALL, Project, new_project

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
                task = RatingTask(job, items, journal, shard)
                with Inquiry(task, card) as inquiry:
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
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A finished study of a model whose answers were all in the journal already, and another."""
    project = new_project(tmp_path_factory.mktemp("loaded"))
    project.write(CARD, LOADED)
    project.edit(SMALL, models=["model-a", "model-v"])
    project.run("stimuli")
    rated = loading_jobs(("sheet", "asked")) | rate_jobs(("model-a",), ("sheet", "asked"))
    assert project.planned() == rated | AGGREGATION
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
    file = "config/prompts/instruction.yaml"
    again.edit(file, template=again.read(file)["template"] + " Take your time.")
    changed = rate_jobs(("model-a",), ("asked",)) | loading_jobs(("asked",))
    assert again.planned() == changed | AGGREGATION


def test_a_third_model_leaves_those_that_were_loaded_alone(again: Project) -> None:
    again.edit(SMALL, models=["model-a", "model-b", "model-v"])
    planned = again.planned()
    assert not loading_jobs(("sheet", "asked")) & planned
