"""emoalign check: everything that is wrong at once, and what a study holds; nothing is written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from emoalign.commands.app import application
from emoalign.commands.study_check import check_study
from emoalign.items.human_agreement import ScaleNorms, people_reliability
from emoalign.stimuli.checking import check_data
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.reading import read_card
from tests.conftest import changed

ROOT = Path(__file__).parents[2]
CARD: dict[str, Any] = {
    "title": "Words",
    "modality": "word",
    "source": {
        "reader": "table",
        "table": {"file": "words.csv"},
        "id": "nr",
        "text": "word",
        "columns_are_raters": True,
        "scales": {"valence": {"ratings": ["r1", "r2", "r3"]}},
    },
    "scales": {"valence": {"min": 1, "max": 9, "direction": "higher is more pleasant"}},
    "licence": "CC0-1.0",
    "citation": "none",
    "redistribute": True,
}
STUDY: dict[str, Any] = {
    "study": "mine",
    "title": "A study of words",
    "seed": 1,
    "models": ["smollm2-135m", "gpt-4o-mini"],
    "datasets": [{"dataset": "mine"}],
    "protocols": [{"name": "asked", "prompts": "words", "participants": 3}],
}
TABLE = "nr,word,r1,r2,r3\n1,beach,8,9,8\n2,storm,3,2,4\n3,null,5,5,6\n4,ice,6,7,6\n"


def emoalign(*arguments: str | Path) -> Result:
    return CliRunner().invoke(application, list(map(str, arguments)))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    (tmp_path / "words.csv").write_text(TABLE, encoding="utf-8")
    for file, content in {"datasets/mine.yaml": CARD, "config.yaml": STUDY}.items():
        path = tmp_path / "config" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as stream:
            YAML(typ="safe", pure=True).dump(content, stream)
    return tmp_path


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_a_study_holds_is_told_and_nothing_is_written(project: Path) -> None:
    before = files(project)
    done = emoalign("check")
    assert done.exit_code == 0, done.output
    card = read_card(project / "config/datasets/mine.yaml", DatasetCard)
    norms = check_data(card).norms
    assert norms is not None
    _, sums = people_reliability(
        ScaleNorms.of(norms, "valence", norms["item_id"].sort_values().to_numpy(str))
    )
    reliability = f"{sums.estimate()[0]:.2f}".removeprefix("0")
    assert "mine: 4 words\n" in done.output
    assert f"valence  3.0 to 8.3, n = 3 raters, reliability {reliability}\n" in done.output
    assert "models: smollm2-135m, gpt-4o-mini" in done.output
    assert "smollm2-135m: at most 12 answers in 4 requests; on this machine" in done.output
    assert "gpt-4o-mini: at most 12 answers in 4 requests; < 0.01 US dollars" in done.output
    assert done.output.rstrip().endswith("No problems. To run it: snakemake --cores 8")
    assert files(project) == before


def test_mistakes_of_study_card_and_table_are_told_at_once(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")

    def wrong(study: Any) -> None:
        study["sed"] = study.pop("seed")
        study["datasets"].append({"dataset": "vadr"})
        study["models"].append("gpt-5o")

    changed(project / "config/config.yaml", wrong)
    table = TABLE.replace("3,null", "2,null").replace("8,9,8", "8,12,x")
    (project / "words.csv").write_text(table, encoding="utf-8")
    done = emoalign("check")
    assert done.exit_code == 1
    for said in (
        "sed",
        "did you mean 'vader'?",
        "did you mean 'gpt-4o'?",
        "rating 12 is outside",
        "expected a number, found 'x'",
        "the id '2' already occurs in line 3",
    ):
        assert said in done.stderr, said
    assert "mine: 3 problems, see below" in done.stdout
    assert "Traceback" not in done.output


def test_keys_tables_and_weights_that_are_missing_are_told_with_what_to_do(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    (project / "words.csv").unlink()
    card = {
        "title": "Mine",
        "engine": "llamacpp",
        "weights": {"file": "mine.gguf", "obtain": "Ask me for it."},
        "capabilities": {"sampling_extras": True},
    }
    encoder = {"package": "no_such_package", "file": "model", "obtain": "Type this."}
    trained = {"title": "T", "kind": "finetune", "weights": encoder, "dataset": "mine"}
    (project / "config/baselines").mkdir()
    with (project / "config/baselines/trained.yaml").open("w", encoding="utf-8") as stream:
        YAML(typ="safe", pure=True).dump(trained | {"scale": "valence"}, stream)
    (project / "config/models").mkdir()
    with (project / "config/models/local.yaml").open("w", encoding="utf-8") as stream:
        YAML(typ="safe", pure=True).dump(card, stream)

    def more(study: Any) -> None:
        study["models"] += ["local", "gpt-4o"]
        study["datasets"].append({"dataset": "warriner"})
        study["baselines"] = ["trained"]

    changed(project / "config/config.yaml", more)
    done = emoalign("check")
    assert done.exit_code == 1
    problems = done.stderr
    assert "words.csv: no such file" in problems
    assert "BRM-emot-submit.csv: no such file. It is the supplement" in problems
    assert "OPENAI_API_KEY, for the key of gpt-4o-mini, gpt-4o, is not set" in problems
    assert "model 'local': mine.gguf: no such file. Ask me for it." in problems
    assert "baseline 'trained': model: the Python package 'no_such_package'" in problems
    assert "is not installed. Type this." in problems
    assert "allow_remote: [warriner]" in problems
    assert problems.count("OPENAI_API_KEY, for") == 1


def test_a_sample_that_is_larger_than_what_there_is_is_a_problem(project: Path) -> None:
    changed(project / "config/config.yaml", lambda study: study["datasets"][0].update(sample=5))
    done = emoalign("check")
    assert done.exit_code == 1
    assert "the study asks for a sample of 5" in done.stderr


def test_rows_that_are_left_out_are_told_as_notes(project: Path) -> None:
    (project / "words.csv").write_text(TABLE + ",,,,\n", encoding="utf-8")
    done = emoalign("check")
    assert done.exit_code == 0
    assert "Note: words.csv: empty rows left out: 1" in done.output


def test_an_own_entry_in_place_of_a_shipped_one_is_told(project: Path) -> None:
    path = project / "config/prompts/words.yaml"
    path.parent.mkdir()
    path.write_bytes((ROOT / "src/emoalign/catalogue/prompts/words.yaml").read_bytes())
    done = emoalign("check")
    assert "Note: config/prompts/words.yaml replaces the file of this name" in done.output


def test_a_study_is_found_by_its_file_or_its_name(project: Path) -> None:
    other = project / "config/studies/other.yaml"
    other.parent.mkdir()
    other.write_bytes((project / "config/config.yaml").read_bytes())
    for name in ("other", "config/studies/other.yaml"):
        done = emoalign("check", name)
        assert done.exit_code == 0
        assert done.output.rstrip().endswith("--configfile config/studies/other.yaml")


@pytest.mark.parametrize("prompts", ["broken", ["words", "broken"]])
def test_a_template_that_cannot_be_rendered_is_told_with_its_file(
    prompts: str | list[str], project: Path
) -> None:
    text = (ROOT / "src/emoalign/catalogue/prompts/words.yaml").read_text()
    broken = text.replace("item.text", "item.word")
    (project / "config/prompts").mkdir()
    (project / "config/prompts/broken.yaml").write_text(broken)
    changed(
        project / "config/config.yaml",
        lambda study: study["protocols"][0].update(prompts=prompts, participants=4),
    )
    done = emoalign("check")
    assert done.exit_code == 1
    assert "config/prompts/broken.yaml, line " in done.output
    assert "the template cannot be rendered" in done.output


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no such file"),
        ("", "empty"),
        ("- a\n- b\n", "expected keys"),
        ("study: [\n", "not valid YAML"),
        ("datasets:\n  - 7\n  - null\n  - mine\n", "datasets"),
    ],
)
def test_a_file_that_is_no_study_is_told(content: str | None, says: str, project: Path) -> None:
    if content is not None:
        (project / "broken.yaml").write_text(content, encoding="utf-8")
    done = emoalign("check", "broken.yaml")
    assert done.exit_code == 1
    assert says in done.stderr
    assert "broken.yaml" in done.stderr
    assert "Traceback" not in done.output


def test_outside_of_a_project_it_says_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = emoalign("check")
    assert done.exit_code == 1
    assert "emoalign init" in done.stderr


def test_the_default_study_is_right_and_little_is_imported_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    checked = check_study(Path("config/config.yaml"), Path("config"))
    assert not checked.problems
    (vader,) = checked.datasets
    assert (vader.items, vader.of) == (300, 7217)
    assert vader.scales["valence"].raters == (10, 10)


def test_what_checking_imports_leaves_out_what_takes_long() -> None:
    import subprocess

    code = (
        "import sys, emoalign.commands.check\n"
        "print(*{'matplotlib', 'duckdb', 'plotly', 'sklearn', 'openai', 'xllamacpp'}"
        " & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ""


def test_recorded_ratings_are_checked_against_the_items(project: Path) -> None:
    ratings = "word,valence\nbeach,8\nstorm,x\nnull,12\n"
    (project / "ratings.csv").write_text(ratings, encoding="utf-8")
    assert emoalign("new", "model", "they", "ratings.csv").exit_code == 0
    assert emoalign("new", "study", "theirs", "--dataset", "mine", "--model", "they").exit_code == 0
    done = emoalign("check", "theirs")
    assert done.exit_code == 1
    assert "mine: 4 words" in done.stdout
    assert "ratings.csv, line 3" in done.stderr
    assert "ratings.csv, line 4" in done.stderr


def test_labels_are_summed_up_too(project: Path) -> None:
    rows = "\n".join(
        f"{nr},{word},{who},{label}"
        for nr, word in enumerate(("beach", "storm"), 1)
        for who, label in (("a", "joy"), ("b", "fear;joy"))
    )
    (project / "words.csv").write_text(f"nr,word,who,chosen\n{rows}\n", encoding="utf-8")

    def labelled(card: Any) -> None:
        card["source"] = {
            "reader": "table",
            "table": {"file": "words.csv"},
            "rows": "ratings",
            "rater": "who",
            "id": "nr",
            "text": "word",
            "scales": {"emotions": {"labels": "chosen"}},
        }
        card["scales"] = {"emotions": {"kind": "labels", "labels": ["joy", "fear"]}}

    changed(project / "config/datasets/mine.yaml", labelled)
    changed(
        project / "config/config.yaml",
        lambda study: study["protocols"][0].update(prompts="labels-that-apply"),
    )
    done = emoalign("check")
    assert done.exit_code == 0, done.output
    assert "emotions  2 labels, n = 2 raters\n" in done.output
