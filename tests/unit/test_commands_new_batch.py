"""`emoalign new model` on answers of a batch: the card that it writes is ready, or says why not."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emoalign.commands.app import application
from emoalign.commands.new_batch import likely_pattern
from emoalign.elicitation.engines.recorded.batch_card import Pattern
from emoalign.planning.loading import MODELS
from emoalign.study.reading import read_card
from tests.kit import batches

WORDS = "word,valence\nbeach,7.5\nstorm,3.25\nnull,5\n"


def emoalign(*arguments: str) -> Result:
    return CliRunner().invoke(application, list(arguments))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.csv").write_text(WORDS, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("names", "pattern", "columns"),
    [
        (["w1", "w2", "w10"], "{item}", ["item"]),
        (
            ["familiarity_english_task_1", "familiarity_english_task_2"],
            "familiarity_english_task_{item}",
            ["item"],
        ),
        (
            [f"{scale}-w{n}" for scale in ("valence", "arousal") for n in (1, 2)],
            "{scale}-{item}",
            ["item", "scale"],
        ),
        (
            [f"r.{word}.{run}" for word in ("joy", "war", "sea", "sky") for run in (1, 2)],
            "r.{item}.{participant:d}",
            ["item", "participant"],
        ),
        (["t_ice_cream_v", "t_joy_v"], "t_{item}_v", ["item"]),
        (["a-b", "c_d"], "{item}", ["item"]),
        (["same", "same"], "{item}", ["item"]),
        (["fear", "joy", "anger"], "{item}", ["item"]),
    ],
)
def test_custom_ids_tell_what_they_are_made_of(
    names: list[str], pattern: str, columns: list[str]
) -> None:
    assert likely_pattern(names) == (pattern, columns)
    assert all(Pattern(pattern).divided(name) for name in names)


@pytest.mark.parametrize("name", ["output.jsonl", "results.jsonl.gz", "batch_output.txt"])
def test_answers_of_a_batch_become_a_card_that_is_ready(name: str, project: Path) -> None:
    tops = {"7": 0.6, "6": 0.3}
    content = batches.lines(
        *(
            batches.openai(f"valence_{word}_{run}", batches.choice("7", positions=[("7", tops)]))
            for word in ("beach", "storm", "null")
            for run in (1, 2)
        )
    )
    (project / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    assert emoalign("new", "dataset", "words", "words.csv").exit_code == 0
    done = emoalign("new", "model", "gpt", name)
    assert done.exit_code == 0, done.output
    card = (project / "config/models/gpt.yaml").read_text(encoding="utf-8")
    assert 'custom_id: "valence_{item}_{participant:d}"' in card
    assert "readouts: [sampled, exact]" in card
    assert read_card(project / "config/models/gpt.yaml", MODELS).model_dump()["scale"] == "valence"
    (project / "config/models/gpt.yaml").write_text(
        card.replace("{item: item,", "{text: item,"), encoding="utf-8"
    )
    assert emoalign("new", "study", "s", "--dataset", "words", "--model", "gpt").exit_code == 0
    checked = emoalign("check", "s")
    assert checked.exit_code == 0, checked.output


def test_a_file_of_faults_is_no_file_of_answers(project: Path) -> None:
    (project / "errors.jsonl").write_bytes(batches.lines(batches.openai_not_run("w1")))
    done = emoalign("new", "model", "gpt", "errors.jsonl")
    assert done.exit_code == 1
    assert "none of its first 100 lines has an answer" in done.stderr
