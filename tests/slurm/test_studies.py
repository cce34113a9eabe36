"""Studies through profiles/slurm, from beginning to end."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections import Counter

import pytest

from tests.kit.project import ROOT
from tests.slurm.conftest import EXACT, ClusterProject, Run

pytestmark = pytest.mark.slurm


def test_the_default_study_runs_through_the_shipped_profile(
    default_study: tuple[ClusterProject, Run],
) -> None:
    project, run = default_study
    run.finish()

    assert (project.folder / "results/default/report.html").is_file()
    assert {job.state for job in run.jobs} == {"COMPLETED"}
    assert {(job.account, job.partition, job.gpus) for job in run.jobs} == {("lab", "cpu", 0)}
    # What takes a second runs where the user types, and waits in no queue.
    assert Counter(job.rule for job in run.jobs) == {
        "rate": 6,
        "aggregate_items": 1,
        "align": 1,
        "calibrate": 1,
        "check_expectations": 1,
        "compare": 1,
        "compare_distributions": 1,
        "compare_forms": 1,
        "compare_structure": 1,
        "compare_with_raters": 1,
        "decompose_variance": 1,
        "draw_figures_vader": 1,
        "explain": 1,
        "review_calibration": 1,
    }
    assert "Nothing to be done" in project.through_the_profile(study=None).log

    planned = project.through_the_profile("plan", study=None)
    assert "answers are in the journal" in planned.log
    assert not planned.jobs


def test_a_model_with_layers_on_a_gpu_gets_one_where_there_are_some(
    project: ClusterProject,
) -> None:
    project.edit("config/models/model-b.yaml", gpu_layers=1)
    project.study(shard_items=None, protocols=EXACT)

    run = project.through_the_profile("ratings")

    assert {job.state for job in run.jobs} == {"COMPLETED"}
    places = sorted((job.partition, job.gpus) for job in run.jobs)
    assert places == [("cpu", 0), ("gpu", 1)]


def test_slurm_takes_the_commands_of_the_page(project: ClusterProject) -> None:
    page = (ROOT / "docs/slurm.md").read_text(encoding="utf-8")
    commands = [
        found[0]
        for found in re.finditer(
            r"^(?:sbatch|squeue) .*$|(?<=`)(?:sacctmgr|sinfo|srun) [^`]*", page, re.MULTILINE
        )
    ]
    assert {command.split()[0] for command in commands} == {
        "sbatch",
        "squeue",
        "sacctmgr",
        "sinfo",
        "srun",
    }
    for command in commands:
        program, *words = shlex.split(command.replace("$USER", "root"), comments=True)
        if program == "sbatch":
            words = ["--test-only", *words]
        if program == "srun":
            words = [*words[: words.index("curl")], "true"]
        done = subprocess.run([program, *words], cwd=project.folder, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}: {done.stderr}"
