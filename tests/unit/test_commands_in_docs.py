"""Every command of README and docs is run, by this file or by a test that it names."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from emoalign.commands.app import application
from emoalign.installed import CATALOGUE
from tests.kit.project import ROOT, SMALL, new_project
from tests.kit.rated_in_part import rated_csv
from tests.kit.waiting import HANGS_S

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    ROOT / "src/emoalign/commands/project_files/README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
CLUSTER = ("sbatch", "squeue", "sacctmgr", "sinfo", "srun", "scancel")
PROGRAMS = ("emoalign", "snakemake", "make", "pip", "python", "python3", "hf", "conda", *CLUSTER)

WHOLE = {
    "walkthroughs.md": (
        "tests/workflow/test_first_walkthrough.py::"
        "test_words_that_people_rated_come_to_a_report_by_the_commands_of_the_page",
        "tests/workflow/test_walkthroughs.py::test_published_ratings_on_nine_scales",
        "tests/workflow/test_walkthroughs.py::"
        "test_trials_of_five_models_on_images_that_are_not_there",
        "tests/workflow/test_estimates.py::"
        "test_three_models_of_planted_quality_are_good_enough_as_the_page_says",
    )
}
"""Pages whose blocks are run from the first command to the last, by these tests."""

ELSEWHERE = {
    r"emoalign check --ask": "tests/faults/test_check_ask.py::"
    "test_a_server_is_asked_twice_about_a_made_up_word_and_its_abilities_are_told",
    r"emoalign calibrate .+": "tests/unit/test_calibration_stage.py::"
    "test_a_saved_calibrator_serves_items_without_ratings_in_another_study",
    r'eval "\$\(_EMOALIGN_COMPLETE=bash_source emoalign\)"': "tests/unit/test_commands.py::"
    "test_names_are_completed_for_the_shell",
    r"snakemake --report.*": "tests/workflow/test_reruns.py::"
    "test_snakemakes_own_report_has_captions_and_categories",
    r"snakemake preregistration .+": "tests/workflow/test_preregistration.py::"
    "test_the_frozen_text_survives_changed_participants_and_the_report_names_the_key",
    r"snakemake baselines .+": "tests/finetune/test_workflow.py::"
    "test_baselines_are_trained_and_applied_without_asking_any_model",
    r"snakemake transparency .+": "tests/workflow/test_labels.py::"
    "test_the_transparency_of_labels_is_told_and_why_most_of_it_is_missing",
    r"(sbatch|squeue|sacctmgr|sinfo|srun) .+": "tests/slurm/test_studies.py::"
    "test_slurm_takes_the_commands_of_the_page",
    r"scancel .+": "tests/slurm/test_interruptions.py::"
    "test_a_job_cancelled_by_somebody_else_is_noticed_and_started_again",
    r"conda env create .+": "tests/unit/test_environment.py::"
    "test_conda_users_get_the_same_environment",
}
"""Commands that another test runs, since they ask a model, need the network or a cluster."""

HELP = ("emoalign calibrate", "emoalign init", "emoalign new", "emoalign new dataset")
HELP = (*HELP, "emoalign new model", "emoalign correct", "emoalign estimate")
"""Commands that a sentence names without what they need; their help is shown instead."""

FOR = {"<file>": "config/config.yaml", "<name>": "mine", "<rule>": "align", "$study": "mine"}
"""What stands here for what a reader puts in."""


class Command(NamedTuple):
    """A command, and the page that has it."""

    page: str
    text: str


def said(page: Path) -> Iterator[str]:
    """The commands of a page: lines of its blocks for the shell, and those in its sentences."""
    text = page.read_text(encoding="utf-8")
    for language, block in BLOCK.findall(text):
        lines = block.replace("\\\n", " ").splitlines()
        if language == "sh":
            yield from lines
        elif not language:
            yield from (line for line in lines if line.split(" ")[0] in PROGRAMS)
    for span in re.findall(r"`([^`\n]+)`", BLOCK.sub("", text)):
        if span.split(" ")[0] in PROGRAMS and " " in span and "…" not in span:
            yield span


def plain(line: str) -> str:
    """A command without comment and spare blanks, and with something for its placeholders."""
    line = re.sub(r"\s+# .*", "", line).strip()
    return re.sub("|".join(map(re.escape, FOR)), lambda found: FOR[found[0]], line)


COMMANDS = sorted(
    {
        Command(page.name, plain(line))
        for page in PAGES
        for line in said(page)
        if line.strip() and not line.strip().startswith("#")
    }
)
RUN_HERE = ("emoalign", "snakemake", "make", "pip", "hf", "python", "python3")
SHELL = ("cd", "export", ".")
HERE = [command for command in COMMANDS if command.page not in WHOLE]


def elsewhere(command: str) -> str | None:
    """The test that runs a command, where it is in another place."""
    return next((test for says, test in ELSEWHERE.items() if re.fullmatch(says, command)), None)


def of(*programs: str) -> list[str]:
    """The commands of some programs that are run here."""
    return sorted(
        {text for _, text in HERE if text.split(" ")[0] in programs and elsewhere(text) is None}
    )


def test_pages_have_commands_of_every_kind() -> None:
    assert {text.split(" ")[0] for _, text in COMMANDS} >= {"emoalign", "snakemake", "make", "pip"}
    assert len(COMMANDS) > 60


@pytest.mark.parametrize("command", HERE, ids=lambda command: f"{command.page}: {command.text}")
def test_a_command_is_run_here_or_by_the_test_that_is_named(command: Command) -> None:
    here = command.text.split(" ")[0] in (*RUN_HERE, *SHELL)
    assert here or elsewhere(command.text), (
        f"{command.page} says `{command.text}`, which no test runs: add it to ELSEWHERE with one"
    )


@pytest.mark.parametrize("says", ELSEWHERE)
def test_what_is_run_elsewhere_is_still_on_a_page(says: str) -> None:
    assert any(re.fullmatch(says, text) for _, text in COMMANDS)


@pytest.mark.parametrize("command", HELP)
def test_what_is_shown_with_its_help_is_still_in_a_sentence(command: str) -> None:
    assert command in {text for _, text in COMMANDS}


@pytest.mark.parametrize(
    "test", sorted({*ELSEWHERE.values(), *(test for tests in WHOLE.values() for test in tests)})
)
def test_the_tests_that_are_named_are_there(test: str) -> None:
    file, name = test.split("::")
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert name in {part.name for part in tree.body if isinstance(part, ast.FunctionDef)}


# emoalign


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small study and the tables that pages speak of."""
    monkeypatch.chdir(tmp_path)
    words = "word,valence\nbeach,7.5\nstorm,3.25\nice,5\n"
    for file, text in (("words.csv", words), ("ratings.csv", words)):
        (tmp_path / file).write_text(text, encoding="utf-8")
    (tmp_path / "rated.csv").write_text(rated_csv(), encoding="utf-8")
    (tmp_path / "words.txt").write_text("beach\njellyfish\nnull\n", encoding="utf-8")
    (tmp_path / "config").mkdir()
    default = (ROOT / "config/config.yaml").read_text(encoding="utf-8")
    small = default.replace("sample: 300", "sample: 10")
    (tmp_path / "config/config.yaml").write_text(small, encoding="utf-8")
    return tmp_path


def emoalign(*words: str) -> str:
    done = CliRunner().invoke(application, words)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("command", of("emoalign"))
def test_a_command_of_emoalign_runs_as_it_stands(command: str, study: Path) -> None:
    words = shlex.split(command)[1:]
    if command in HELP:
        words.append("--help")
    for name in re.findall(r"--(?:for|dataset) (\S+)", command):
        emoalign("new", "dataset", name, "words.csv")
    if model := re.search(r"new study .*--model (\S+)", command):
        emoalign("new", "model", model[1], "--base-url", "http://localhost:8000/v1")
    assert emoalign(*words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_list_shows_on_a_page_is_what_it_shows(page: Path, study: Path) -> None:
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    for (_, above), (language, below) in pairwise(blocks):
        if language == "text" and re.fullmatch(r"emoalign list \w+\n", above):
            shown = emoalign(*above.split()[1:]).splitlines()
            assert [line for line in below.splitlines() if line not in (*shown, "…")] == []


# Snakemake


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the studies that pages name."""
    made = new_project(tmp_path_factory.mktemp("project"))
    shutil.copytree(ROOT / "profiles", made.folder / "profiles")
    for name in ("mine", "students"):
        shutil.copy(made.folder / SMALL, made.folder / f"config/studies/{name}.yaml")
    return made.folder


WITHOUT_CORES = sorted({re.sub(r" --cores \d+", "", text) for text in of("snakemake")})


@pytest.mark.slow
@pytest.mark.parametrize("command", WITHOUT_CORES)
def test_a_command_of_snakemake_runs_dry(command: str, project: Path) -> None:
    words = shlex.split(command)[1:]
    if "--unlock" not in words:
        words += ["--dry-run"] if "--dry-run" not in words else []
    if "--profile" not in words:
        words += ["--cores", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--nocolor", *words],
        cwd=project,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=HANGS_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# What needs the network, or changes the machine, is held against what there is


@pytest.mark.parametrize("command", of("make"))
def test_make_knows_what_to_do(command: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", *shlex.split(command)[1:]], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def requirements() -> set[str]:
    """What the project, its extras and its tests of vLLM require, and the project itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [need for needs in project["optional-dependencies"].values() for need in needs]
    tested = (ROOT / "tests/vllm/requirements.in").read_text(encoding="utf-8").splitlines()
    return {*extras, project["name"], *(line.split("==")[0] for line in tested)}


@pytest.mark.parametrize("command", of("pip"))
def test_pip_installs_what_the_project_names(command: str) -> None:
    pip, install, *names = shlex.split(command)
    assert (pip, install) == ("pip", "install")
    assert {name for name in names if not name.startswith("--")} <= requirements()


@pytest.mark.parametrize("command", of("hf"))
def test_weights_are_those_of_a_card(command: str) -> None:
    found = re.fullmatch(r"hf download (\S+) --revision ([0-9a-f]{40})", command)
    assert found is not None
    cards = [path.read_text(encoding="utf-8") for path in CATALOGUE.rglob("*.yaml")]
    assert any(found[1] in card and found[2] in card for card in cards)


@pytest.mark.parametrize("command", of("python", "python3"))
def test_python_has_the_module_and_the_file(command: str) -> None:
    _, option, module, *arguments = shlex.split(command)
    assert option == "-m"
    assert importlib.util.find_spec(module) is not None
    for argument in arguments:
        assert not argument.startswith("tests/") or (ROOT / argument).is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lines_for_the_shell_follow_from_those_above(page: Path) -> None:
    """A folder or an environment that is entered was made, and a variable is one we read."""
    made = {".venv"}
    for command in map(plain, said(page)):
        match shlex.split(command, comments=True):
            case ["emoalign", "init", folder, *_]:
                made.add(folder)
            case ["python3", "-m", "venv", folder]:
                made.add(folder)
            case ["make", "env", setting, *_]:
                made.add(setting.removeprefix("VENV="))
            case ["cd", folder]:
                assert folder in made
            case [".", script]:
                assert script.removesuffix("/bin/activate") in made
            case ["export", setting]:
                name = setting.split("=")[0]
                assert name in ("OPENAI_API_KEY", "HF_HUB_OFFLINE", "PYTHONPATH")
