"""The jobs of a study as params: what Snakemake compares, and what the functions read back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from emoalign.analyses.base import AnalysisJob, NumbersJob
from emoalign.planning.analysed import Analyses, analysed_study
from emoalign.planning.jobs import Jobs, figures, reported
from emoalign.planning.loading import load_study
from emoalign.planning.published import published
from emoalign.planning.rules import Files
from emoalign.planning.studies import LoadedStudy
from emoalign.report.report_job import ReportJob
from emoalign.study.fields import Job
from emoalign.study.reading import read_yaml
from tests.kit.analysing import analysis_jobs

ROOT = Path(__file__).parents[2]
STUDIES = [
    "config/config.yaml",
    *(f"config/studies/{name}.yaml" for name in ("ogg2025", "spanish")),
]
WITH_EVERY_JOB = "config/studies/inoshita2026.yaml"
RECITATION = {"name": "r", "kind": "recitation", "prompts_for": {"emobank": "recitation"}}


def load(study: str) -> LoadedStudy:
    content, problems = read_yaml(ROOT / study)
    assert not problems
    if study == WITH_EVERY_JOB:
        content["protocols"].append(RECITATION)
    return load_study(content, ROOT / "config")


def load_groups() -> LoadedStudy:
    """A study of norms by groups of raters, asked in two forms, and in sessions, with estimates
    and a publication."""
    content, problems = read_yaml(ROOT / "config/config.yaml")
    assert not problems
    told = {
        "datasets": [{"dataset": "warriner"}],
        "protocols": [
            {"name": "asked", "prompts": ["words", "words-as-a-human"]},
            {"name": "in-sessions", "prompts": "words", "session": {"items": 50}},
        ],
        "allow_remote": ["warriner"],
        "estimates": {},
        "publication": {"licence": "CC-BY-4.0", "creators": [{"family": "Doe", "given": "Jo"}]},
    }
    return load_study(content | told, ROOT / "config")


def every_job(loaded: LoadedStudy) -> Iterator[Job]:
    """All jobs of a study, in the order of its stages."""
    jobs = Jobs(loaded)
    for dataset in loaded.datasets:
        yield from (jobs.prepare(dataset), jobs.aggregate(dataset))
    yield from jobs.plan()
    for name, card in loaded.baselines.items():
        yield from (jobs.train(name, seed) for seed in card.seeds)
        yield jobs.predict(name)
    yield from analysis_jobs(analysed_study(loaded))
    yield reported(loaded)
    yield from (drawn.job for drawn in figures(loaded).values())


def told_in_full(loaded: LoadedStudy) -> Iterator[Job]:
    """The jobs of a preregistration, and of a publication where there is one. They tell of keys at
    their defaults too, and are no part of those that a later key must not run again."""
    yield Analyses(loaded, Files(loaded, "results/s")).registered()
    if (bundle := published(loaded)) is not None:
        yield bundle


def every_params(study: str) -> bytes:
    """The params of all jobs of a study, as JSON."""
    return orjson.dumps([job.params() for job in every_job(load(study))])


@pytest.mark.parametrize("study", [*STUDIES, WITH_EVERY_JOB])
def test_a_job_that_is_read_back_from_its_params_says_the_same(study: str) -> None:
    groups = load_groups()
    jobs = [*every_job(load(study)), *every_job(groups), *told_in_full(groups)]
    jobs += told_in_full(load(study))
    for job in jobs:
        read_back = type(job).model_validate(orjson.loads(orjson.dumps(job.params())))
        assert read_back.model_dump() == job.model_dump()


def test_the_version_of_a_job_is_told_although_it_is_a_default() -> None:
    for job in every_job(load(WITH_EVERY_JOB)):
        assert job.params()["version"] == type(job).model_fields["version"].default


def test_no_kind_of_job_is_left_out_here() -> None:
    kinds = set(Job.__subclasses__())
    while bases := {kind for kind in kinds if kind in (AnalysisJob, NumbersJob, ReportJob)}:
        kinds = kinds - bases | {kind for base in bases for kind in base.__subclasses__()}
    groups = load_groups()
    made = [*every_job(load(WITH_EVERY_JOB)), *every_job(groups), *told_in_full(groups)]
    assert {type(job) for job in made} >= kinds


def test_a_key_that_is_added_later_with_a_default_runs_nothing_again() -> None:
    """It is added to every entry of the package: protocols, settings, cards, scales and jobs."""
    later = f"""
import sys
from emoalign.study import fields

class Entry(fields.Entry):
    added_later: str = "as before"

class Job(fields.Job):
    added_later: str = "as before"

fields.Entry, fields.Job = Entry, Job
from tests.unit.test_jobs import load, every_params

assert load({WITH_EVERY_JOB!r}).study.protocols[0].added_later == "as before"
sys.stdout.buffer.write(every_params({WITH_EVERY_JOB!r}))
"""
    done = subprocess.run(
        [sys.executable, "-c", later],
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        capture_output=True,
        check=True,
    )
    assert done.stdout == every_params(WITH_EVERY_JOB)
