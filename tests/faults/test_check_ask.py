"""emoalign check --ask: what a server can do is found out with one small question."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from PIL import Image
from ruamel.yaml import YAML

from emoalign.commands.app import application
from emoalign.commands.asking import MADE_UP
from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from tests.faults.decision_server import DecisionServer
from tests.faults.server import FaultServer

STUDY: dict[str, Any] = {
    "study": "mine",
    "title": "Mine",
    "seed": 1,
    "models": ["faulty"],
    "datasets": [{"dataset": "vader", "sample": 5}],
    "protocols": [{"name": "asked", "prompts": "instruction", "participants": 10}],
}
CARD: dict[str, Any] = {
    "title": "Faulty",
    "engine": "openai",
    "model": "faulty",
    "api_key_env": None,
    "capabilities": {"choices": 8, "seed_bits": 31},
}


@pytest.fixture
def server() -> Iterator[DecisionServer]:
    with DecisionServer().running() as running:
        yield running


@pytest.fixture
def check(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Check the study with --ask, with these keys of the card changed."""
    monkeypatch.chdir(tmp_path)

    def run(
        *arguments: str,
        says: str | None = None,
        readouts: Sequence[str] = ("sampled",),
        asked: Mapping[str, Any] = {},
        **changes: Any,
    ) -> Result:
        protocols = [STUDY["protocols"][0] | {"readouts": list(readouts), **asked}]
        for file, content in {
            "models/faulty.yaml": {**CARD, "base_url": server.address, **changes},
            "config.yaml": STUDY | {"protocols": protocols},
        }.items():
            path = tmp_path / "config" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8") as stream:
                YAML(typ="safe", pure=True).dump(content, stream)
        return CliRunner().invoke(application, ["check", "--ask", *arguments], input=says)

    return run


def test_a_server_is_asked_twice_about_a_made_up_word_and_its_abilities_are_told(
    check: Callable[..., Result], server: FaultServer, tmp_path: Path
) -> None:
    prices = {"input_usd": 1, "output_usd": 2, "as_of": "2026-01-01", "source": "here"}
    done = check(prices=prices)
    assert done.exit_code == 0, done.output
    assert "faulty: reachable" in done.output
    assert "'7', read as valence: 7" in done.output
    assert "n: 2 of 2 answers in one request" in done.output
    assert "seeds: the same seed gave the same answers" in done.output
    assert "sampling: temperature, top_p sent and accepted" in done.output
    assert "thinking: none detected" in done.output
    assert "US dollars" in done.output.partition("cost:")[2]
    assert len(server.heard) == 5
    first = server.heard[:2]
    assert {heard.n for heard in first} == {2}
    assert len({heard.seed for heard in first}) == 1
    assert all(MADE_UP["word"] in heard.prompt for heard in first)
    assert not (tmp_path / "results").exists()


def test_a_question_is_asked_in_each_form(
    check: Callable[..., Result], server: FaultServer
) -> None:
    server.reply = lambda heard, choice: "75" if "100" in heard.prompt else "7"
    done = check(asked={"prompts": ["words", "words-down", "words-0-100"], "participants": 12})
    assert done.exit_code == 0, done.output
    for form, said in (("words", 7), ("words-down", 7), ("words-0-100", 75)):
        assert re.search(
            rf"^  {form}, answered .*'{said}', read as valence: {said}$", done.output, re.M
        )


def test_seeds_that_are_not_honoured_are_told(
    check: Callable[..., Result], server: FaultServer
) -> None:
    server.reply = lambda heard, choice: str(heard.attempt)
    assert "the same seed gave different answers" in check().output


def test_a_server_that_knows_no_n_and_thinks_is_told(
    check: Callable[..., Result], server: FaultServer
) -> None:
    def change(heard: object, reply: dict[str, Any]) -> dict[str, Any]:
        reply["choices"] = reply["choices"][:1]
        reply["usage"]["completion_tokens_details"] = {"reasoning_tokens": 40}
        return reply

    server.change = change
    done = check()
    assert "n: 1 of 2 answers in one request" in done.output
    assert "the model thinks before it answers (80 tokens)" in done.output


def test_answers_that_are_no_ratings_are_told_with_their_status(
    check: Callable[..., Result], server: FaultServer
) -> None:
    server.reply = lambda heard, choice: "Lovely!"
    assert "'Lovely!', read as valence: unparsable" in check().output


@pytest.mark.parametrize("fault", ["hang", "500", "garbage", "429"])
def test_a_server_that_fails_ends_the_check_with_its_words(
    fault: Any, check: Callable[..., Result], server: FaultServer
) -> None:
    server.plan = lambda heard: fault
    done = check(limits={"timeout_s": 0.3, "longest_wait_s": 0.2})
    assert done.exit_code == 1
    assert "faulty: could not be asked: the server of model 'faulty'" in done.output
    assert "Traceback" not in done.output
    assert "kept in the journal" not in done.output
    assert len(server.heard) <= 2


def test_nothing_is_sent_to_another_machine_without_leave(
    check: Callable[..., Result], server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OpenAIModel, "destination", property(lambda card: "https://far.example"))
    refused = check(says="n\n")
    assert refused.exit_code == 1
    assert (
        f'the made-up word "{MADE_UP["word"]}", to faulty (https://far.example)' in refused.output
    )
    assert "in 5 requests" in refused.output
    assert not server.heard
    assert check(says="y\n").exit_code == 0
    assert check("--yes").exit_code == 0
    assert len(server.heard) == 10


def test_a_study_with_a_mistake_is_not_asked_about(
    check: Callable[..., Result], server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STUDY, "seed", "one")
    assert check().exit_code == 1
    assert not server.heard


def test_the_bundled_model_is_asked_with_its_probabilities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    protocol = {
        "name": "sheet",
        "prompts": "rating-sheet",
        "readouts": ["sampled", "exact"],
        "participants": 2,
    }
    study = {**STUDY, "models": ["smollm2-135m"], "protocols": [protocol]}
    with (tmp_path / "config/config.yaml").open("w", encoding="utf-8") as stream:
        YAML(typ="safe", pure=True).dump(study, stream)
    done = CliRunner().invoke(application, ["check", "--ask"])
    assert done.exit_code == 0, done.output
    assert "log-probabilities: of 200 tokens" in done.output
    assert "on this machine" in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["config"]


def test_a_model_of_images_is_shown_a_grey_one(
    check: Callable[..., Result],
    server: FaultServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "one.png")
    (tmp_path / "norms.csv").write_text("nr,image,valence\n1,one.png,4.5\n", encoding="utf-8")
    made = CliRunner().invoke(application, ["new", "dataset", "mine", "norms.csv"])
    assert made.exit_code == 0
    monkeypatch.setitem(STUDY, "datasets", [{"dataset": "mine"}])
    monkeypatch.setitem(STUDY, "protocols", [{"name": "seen", "prompts": "pictures"}])
    prompts = ["new", "prompts", "pictures", "--for", "mine"]
    assert CliRunner().invoke(application, prompts).exit_code == 0
    done = check(capabilities={"modalities": ["image"], "choices": 4})
    assert done.exit_code == 0, done.output
    assert "data:image/" in server.heard[0].prompt
    assert "seeds: not sent" in done.output


DECIDES = {"decisions": {"levels": 10, "questions": 200}}


def test_decisions_that_a_protocol_asks_for_are_tried_and_priced(
    check: Callable[..., Result], server: DecisionServer
) -> None:
    server.weigh = lambda about, instruction, levels: [0.5, 0.5, *[0.0] * (levels - 2)]
    prices = {"input_usd": 0, "output_usd": 0, "decision_usd": 1000}
    dated = {"as_of": "2026-01-01", "source": "here"}
    done = check(readouts=["decision"], capabilities=DECIDES, prices=prices | dated)
    assert done.exit_code == 0, done.output
    assert "decision about valence: of 9 levels, the likeliest has 50%" in done.output
    assert len(server.heard) == 1
    assert MADE_UP["word"] in server.heard[0].prompt
    tokens = int(done.output.partition("cost: ")[2].split()[0])
    assert f"{tokens * 1000 / 1e6:.2f} US dollars" in done.output
    assert "sampling" not in done.output


def test_decisions_that_a_card_claims_are_tried_beside_answers(
    check: Callable[..., Result], server: DecisionServer
) -> None:
    done = check(capabilities=CARD["capabilities"] | DECIDES)
    assert done.exit_code == 0, done.output
    assert "decisions: answered" in done.output
    server.said = lambda heard: (
        (400, {"error": {"message": "Not here."}}) if "questions" in heard.body else None
    )
    done = check(capabilities=CARD["capabilities"] | DECIDES)
    assert "decisions: refused (Not here.): set decisions: null" in done.output


def test_a_trial_of_stated_distributions_tells_what_they_add_up_to(
    check: Callable[..., Result], server: FaultServer
) -> None:
    people = dict.fromkeys(map(str, range(1, 10)), 11)
    server.reply = lambda heard, choice: json.dumps(people)
    done = check(readouts=("stated",), asked={"prompts": "words-stated"})
    assert done.exit_code == 0, done.output
    assert "read as valence: a distribution whose numbers add up to 99" in done.output
    assert "n: 2 of 2 answers in one request" in done.output
    assert "seeds: the same seed gave the same answers" in done.output
    people["9"] = 0
    done = check(readouts=("stated",), asked={"prompts": "words-stated"})
    assert "read as valence: unparsable" in done.output
