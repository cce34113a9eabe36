"""The command line: its help, its examples, its errors, list, show, and what new writes."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from emoalign import __version__
from emoalign.commands import listing
from emoalign.commands.app import application
from emoalign.commands.group import Commands
from emoalign.commands.kinds import KINDS
from emoalign.installed import CATALOGUE
from emoalign.planning.loading import MODELS, load_study
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.reading import read_card, read_yaml
from tests.kit.rated_in_part import rated_csv

ROOT = Path(__file__).parents[2]
WORDS = "word,valence\nbeach,7.5\nstorm,3.25\nnull,5\n"
RATINGS = "word,V\nbeach,7\nstorm,3\nnull,5\n"


def emoalign(*arguments: str | Path) -> Result:
    return CliRunner().invoke(application, list(map(str, arguments)))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the examples of the help speak of."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.csv").write_text(WORDS, encoding="utf-8")
    (tmp_path / "ratings.csv").write_text(RATINGS, encoding="utf-8")
    (tmp_path / "rated.csv").write_text(rated_csv(), encoding="utf-8")
    (tmp_path / "words.txt").write_text("beach\njellyfish\nnull\n", encoding="utf-8")
    (tmp_path / "config/studies").mkdir(parents=True)
    study = (ROOT / "config/config.yaml").read_text(encoding="utf-8")
    small = study.replace("sample: 300", "sample: 10")
    (tmp_path / "config/config.yaml").write_text(small, encoding="utf-8")
    (tmp_path / "config/studies/mine.yaml").write_text(small, encoding="utf-8")
    weights = tmp_path / "resources/models/my-llama-q4.gguf"
    weights.parent.mkdir(parents=True)
    weights.touch()
    return tmp_path


def commands(group: click.Command, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command, with the words that call it."""
    yield path, group
    if isinstance(group, Commands):
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield from commands(command, *path, name)


EVERY = dict(commands(application))


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_the_help_of_every_command_ends_in_examples_of_it(path: tuple[str, ...]) -> None:
    done = emoalign(*path, "--help")
    assert done.exit_code == 0
    examples = EVERY[path].examples  # type: ignore[attr-defined]
    assert examples
    assert done.output.index("Options:") < done.output.index("Examples:")
    for example in examples:
        assert example in done.output
    assert shlex.split(examples[0])[: 1 + len(path)] == ["emoalign", *path]


RUN = sorted(
    {
        example
        for command in EVERY.values()
        for example in command.examples  # type: ignore[attr-defined]
        # Those that ask a model, need data that nobody may pass on, or results of two studies.
        if not example.endswith(("--ask", "check ogg2025", ".xlsx"))
        and "calibrate" not in example
        and not example.startswith(" ")
    }
)


@pytest.mark.parametrize("example", RUN)
def test_an_example_of_the_help_runs(
    example: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "init ." in example:
        (project / "empty").mkdir()
        monkeypatch.chdir(project / "empty")
    if "words" in example and "new dataset words" not in example:
        assert emoalign("new", "dataset", "words", "words.csv").exit_code == 0
    if "new study mine" in example:
        (project / "config/studies/mine.yaml").unlink()
    done = emoalign(*shlex.split(example, comments=True)[1:])
    assert done.exit_code == 0, done.output


def test_the_version_is_told() -> None:
    assert __version__ in emoalign("--version").output


def test_help_and_an_unknown_command_import_nothing_of_what_commands_need() -> None:
    code = (
        "import sys\nfrom emoalign.commands.app import application\n"
        "application(['--help'], standalone_mode=False)\n"
        "assert not {'pandas', 'numpy', 'pydantic'} & set(sys.modules), sorted(sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)


def test_an_error_is_one_message_without_a_traceback(project: Path) -> None:
    (project / "broken.csv").write_bytes(b"")
    done = emoalign("new", "dataset", "mine", "broken.csv")
    assert done.exit_code == 1
    assert done.stderr.startswith("broken.csv: the file is empty")
    assert "Traceback" not in done.output


def test_a_fault_of_the_program_is_told_as_one(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(folder: str) -> None:
        raise RuntimeError("something impossible")

    monkeypatch.setattr(listing, "entries", broken)
    done = emoalign("list", "models")
    assert done.exit_code == 1
    assert "something impossible" in done.stderr
    assert "fault in emoalign itself" in done.stderr


def test_ctrl_c_is_told_in_a_line(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(folder: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(listing, "entries", stopped)
    done = emoalign("list", "models")
    assert done.exit_code == 130
    assert done.stderr.strip() == "Stopped by Ctrl-C."


# list and show


def test_own_entries_are_listed_first_and_told_where_they_take_the_place_of_others(
    project: Path,
) -> None:
    models = project / "config/models"
    models.mkdir()
    shipped = CATALOGUE / "models/smollm2-135m.yaml"
    shutil.copyfile(shipped, models / "smollm2-135m.yaml")
    shutil.copyfile(shipped, models / "zebra.yaml")
    lines = emoalign("list", "models").output.splitlines()
    assert lines[0].startswith("smollm2-135m")
    assert lines[0].endswith("(own; replaces the included one)")
    assert lines[1].startswith("zebra")
    assert lines[1].endswith("(own)")
    assert len(lines) == 1 + len(list((CATALOGUE / "models").glob("*.yaml")))


def test_all_kinds_are_listed_with_titles(project: Path) -> None:
    done = emoalign("list").output
    for folder in KINDS:
        assert folder in done.splitlines()
    assert "VADER lexicon" in done


def test_an_entry_is_shown_with_its_file_and_its_defaults(project: Path) -> None:
    path = CATALOGUE / "models/gpt-4o-mini.yaml"
    done = emoalign("show", "gpt-4o-mini").output
    assert done.startswith(f"# {path}\n")
    assert path.read_text(encoding="utf-8").rstrip() in done
    assert "#   first_answers: 40" in done
    assert "#   limits.retries: 6" in done
    assert "concurrency" not in done.partition("default:")[2]
    assert emoalign("show", "model", "gpt-4o-mini", "--path").output == f"{path}\n"


def test_a_name_of_two_kinds_has_to_be_told_apart(project: Path) -> None:
    done = emoalign("show", "smollm2-135m")
    assert done.exit_code == 1
    assert "models and embeddings" in done.stderr
    assert emoalign("show", "embedding", "smollm2-135m").exit_code == 0


@pytest.mark.parametrize("name", ["feelings", "default"])
def test_the_study_that_runs_by_default_is_called_by_its_name(project: Path, name: str) -> None:
    path = project / "config/config.yaml"
    path.write_text(path.read_text().replace("study: default", "study: feelings"))
    (first, *_) = emoalign("list", "studies").output.splitlines()
    assert first.startswith("feelings ")
    assert first.endswith("(default: config/config.yaml)")
    assert emoalign("show", name, "--path").output == "config/config.yaml\n"
    assert emoalign("show", "study", name).output.startswith("# config/config.yaml\n")
    assert "did you mean" in emoalign("show", f"{name}x").stderr


def test_in_a_clone_a_new_study_is_said_to_be_among_the_included_ones(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(CATALOGUE, project / "catalogue", ignore=shutil.ignore_patterns("*.png"))
    shutil.rmtree(project / "config/studies")
    (project / "config/studies").symlink_to("../catalogue/studies")
    monkeypatch.setattr("emoalign.commands.new_files.CATALOGUE", project / "catalogue")
    done = emoalign("new", "study", "zebra", "--dataset", "vader")
    assert done.exit_code == 0, done.output
    assert "In a clone, config/studies is a link to catalogue/studies: the file is" in done.output
    assert "In a clone" not in emoalign("new", "prompts", "zebra", "--for", "vader").output


def test_a_misspelt_name_is_answered_with_the_nearest(project: Path) -> None:
    assert "did you mean 'vader'?" in emoalign("show", "vadr").stderr
    assert "did you mean 'models'?" in emoalign("list", "modles").stderr


# new


@pytest.mark.parametrize(
    ("arguments", "engine", "says"),
    [
        (["--engine", "openai", "--model", "gpt-x"], "openai", "api_key_env: OPENAI_API_KEY"),
        (["--base-url", "http://localhost:8000/v1"], "openai", "api_key_env: null"),
        (
            ["--base-url", "https://llm.example.org/v1", "--key-env", "MY_KEY"],
            "openai",
            "api_key_env: MY_KEY",
        ),
        (
            ["--base-url", "https://api.anthropic.com/v1/", "--model", "claude-x"],
            "anthropic",
            "api_key_env: ANTHROPIC_API_KEY",
        ),
        (["--engine", "anthropic", "--key-env", "MINE"], "anthropic", "api_key_env: MINE"),
        (["--engine", "gemini", "--model", "gemini-x"], "gemini", "api_key_env: GEMINI_API_KEY"),
        (
            ["--base-url", "https://generativelanguage.googleapis.com/v1beta"],
            "gemini",
            'safety: "OFF"',
        ),
        (
            ["--base-url", "https://generativelanguage.googleapis.com/v1beta/openai/"],
            "openai",
            "api_key_env: null",
        ),
        (["--engine", "vllm", "--model", "Some/Model-7B"], "vllm", "model: Some/Model-7B"),
        (
            ["resources/models/my-llama-q4.gguf"],
            "llamacpp",
            "file: resources/models/my-llama-q4.gguf",
        ),
        (["--recorded", "ratings.csv"], "recorded", "valence: V"),
        (["ratings.csv"], "recorded", "text: word"),
    ],
)
def test_a_new_model_is_valid_at_once(
    arguments: list[str], engine: str, says: str, project: Path
) -> None:
    done = emoalign("new", "model", "mine", *arguments)
    assert done.exit_code == 0, done.output
    path = project / "config/models/mine.yaml"
    assert says in path.read_text(encoding="utf-8")
    assert read_card(path, MODELS).model_dump()["engine"] == engine
    schema = path.read_text(encoding="utf-8").splitlines()[0].partition("$schema=")[2]
    assert (path.parent / schema).name == f"{engine}-model.schema.json"
    assert (path.parent / schema).is_file()


def test_a_new_model_wants_either_a_server_or_a_file(project: Path) -> None:
    both = emoalign("new", "model", "mine", "ratings.csv", "--base-url", "http://localhost/v1")
    assert both.exit_code == 1
    missing = emoalign("new", "model", "mine", "nothing.gguf")
    assert "There is no file nothing.gguf" in missing.stderr
    assert not (project / "config/models").exists()


@pytest.mark.parametrize(
    "dataset", ["vader", "oasis", "goemotions", "anew-stevenson", "vader-tweets"]
)
def test_new_prompts_have_a_wording_for_each_scale(dataset: str, project: Path) -> None:
    assert emoalign("new", "prompts", "mine", "--for", dataset).exit_code == 0
    prompts = read_card(project / "config/prompts/mine.yaml", PromptSet)
    card = read_yaml(CATALOGUE / f"datasets/{dataset}.yaml")[0]
    assert list(prompts.scales) == list(card["scales"])
    for name, wording in prompts.scales.items():
        scale = card["scales"][name]
        if "labels" not in scale:
            assert f"from {scale['min']} (" in wording.instruction
            assert wording.written_for is not None
        for words in scale.get("anchors", {}).values():
            assert words in wording.instruction


@pytest.mark.parametrize("dataset", ["vader", "oasis", "spanish-words", "words"])
def test_a_new_study_is_whole(dataset: str, project: Path) -> None:
    """Whatever the dataset, and with a prompt set that fits: a shipped one or a new one."""
    assert emoalign("new", "dataset", "words", "words.csv").exit_code == 0
    models = ["gpt-4o-mini"] if dataset == "oasis" else ["smollm2-135m"]
    chosen = [part for model in models for part in ("--model", model)]
    done = emoalign("new", "study", "other", "--dataset", dataset, *chosen)
    assert done.exit_code == 0, done.output
    path = project / "config/studies/other.yaml"
    loaded = load_study(read_yaml(path)[0], Path("config"), str(path), [path])
    assert set(loaded.datasets) == {dataset}
    assert f"snakemake --cores 8 --configfile {path.relative_to(project)}" in done.output


def test_a_new_study_may_name_what_yaml_takes_for_a_number(project: Path) -> None:
    assert emoalign("new", "dataset", "007", "words.csv").exit_code == 0
    assert emoalign("new", "model", "1e3", "--base-url", "http://localhost/v1").exit_code == 0
    done = emoalign("new", "study", "2026", "--dataset", "007", "--model", "1e3")
    assert done.exit_code == 0, done.output
    content = read_yaml(project / "config/studies/2026.yaml")[0]
    assert (content["study"], content["models"]) == ("2026", ["1e3"])
    assert content["datasets"][0]["dataset"] == "007"


def test_a_study_of_recorded_ratings_needs_no_prompts(project: Path) -> None:
    assert emoalign("new", "dataset", "words", "words.csv").exit_code == 0
    assert emoalign("new", "model", "they", "ratings.csv").exit_code == 0
    assert (
        emoalign("new", "study", "theirs", "--dataset", "words", "--model", "they").exit_code == 0
    )
    assert not (project / "config/prompts").exists()
    done = emoalign("check", "theirs")
    assert done.exit_code == 0, done.output
    assert "nothing to ask" in emoalign("check", "theirs", "--ask").output


FORMS = {
    "several models": (
        "model,word,run,rating",
        [
            f"{model},{word},{run},{5 + run}"
            for model in ("m a", "b")
            for word in ("beach", "storm", "null")
            for run in (1, 2)
        ],
        "models: m-a, b",
    ),
    "raw answers in JSON": (
        "word;response",
        [f'{word};"{{""rating"": 4, ""why"": ""so""}}"' for word in ("beach", "storm", "null")],
        "3 answers were read by the rule declared in the card",
    ),
    "a column that names the scale": (
        "word,dimension,score",
        ["beach,valence,7", "storm,valence,2", "null,valence,5"],
        "models: they",
    ),
    "a column for each person": (
        "word,val_1,val_2",
        ["beach,7,8", "storm,2,3", "null,5,5"],
        "models: they",
    ),
    "a column with what became of it": (
        "word,rating,status",
        ["beach,7,ok", "storm,,refusal", "null,5,ok"],
        "models: they",
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_recorded_ratings_of_many_forms_are_ready_at_once(form: str, project: Path) -> None:
    header, rows, says = FORMS[form]
    (project / "they.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    assert emoalign("new", "dataset", "words", "words.csv").exit_code == 0
    assert emoalign("new", "model", "they", "they.csv").exit_code == 0
    assert emoalign("new", "study", "s", "--dataset", "words", "--model", "they").exit_code == 0
    done = emoalign("check", "s")
    assert done.exit_code == 0, done.output
    assert says in done.output
    assert "upper limits" not in done.output


def test_names_are_completed_for_the_shell(project: Path) -> None:
    environment = {"_EMOALIGN_COMPLETE": "bash_complete", "COMP_WORDS": "emoalign show vad"}
    done = CliRunner().invoke(
        application, [], prog_name="emoalign", env={**environment, "COMP_CWORD": "2"}
    )
    assert "plain,vader\n" in done.output
