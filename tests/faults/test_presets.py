"""Cards of a line or two, with the presets of their providers, against servers that behave so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from emoalign.commands.app import application
from emoalign.elicitation.budget import Account
from emoalign.elicitation.engines.providers import Provider
from emoalign.errors import BudgetError, EngineError
from emoalign.installed import CATALOGUE
from emoalign.study.reading import read_card
from tests.faults.conftest import KEY_VARIABLE, Desk
from tests.faults.providers import KNOWN, answer, serve_as
from tests.faults.server import FaultServer, Heard

PRESETS = {path.stem: read_card(path, Provider) for path in CATALOGUE.glob("providers/*.yaml")}
SPOKEN = sorted(name for name, each in PRESETS.items() if each.card["engine"] == "openai")

PINNED = {"extra_body": {"provider": {"only": ["one-host"]}}}
STUDY: dict[str, Any] = {
    "study": "mine",
    "title": "Mine",
    "seed": 1,
    "models": ["asked"],
    "datasets": [{"dataset": "vader", "sample": 5}],
    "protocols": [{"name": "plain", "prompts": "instruction", "participants": 4}],
}

HOLDS: dict[str, set[str]] = {
    "openai": {"seeds: not sent", "log-probabilities: of 9 tokens", "raised"},
    "azure": {"seeds: not sent", "stop: honoured", "raised"},
    "openrouter": {"as the server reports", "n: refused", "stop: honoured", "the same seed gave"},
    "mistral": {"the same seed gave the same", "n: the server gives several", "raised"},
    "deepseek": {"seeds: not sent", "n: refused", "log-probabilities: of 9 tokens"},
    "xai": {"the same seed gave the same answers", "stop: honoured", "raised"},
    "groq": {"n: refused", "the same seed gave the same answers"},
    "together": {"log-probabilities: of 9 tokens", "the same seed gave the same answers"},
    "bedrock": {"n: refused", "seeds: not sent"},
    "ollama": {"n: one answer per request", "log-probabilities: of 9 tokens"},
    "lmstudio": {"n: one answer per request", "the same seed gave the same answers"},
    "vllm-serve": {"n: 2 of 2 answers", "log-probabilities: of 9 tokens", "top_k, min_p"},
    "llamacpp-server": {"n: 2 of 2 answers", "repeat_penalty sent and accepted"},
}
"""What `emoalign check --ask` finds out about each."""


@pytest.fixture
def check(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Check the study with --ask, with a card of a provider at the server of this test."""
    monkeypatch.chdir(tmp_path)
    for preset in PRESETS.values():
        if isinstance(name := preset.card.get("api_key_env"), str):
            monkeypatch.setenv(name, "a-key-of-this-test")

    def run(provider: str, study: dict[str, Any] = STUDY, **keys: Any) -> Result:
        pinned = PINNED if provider == "openrouter" else {}
        card = {"provider": provider, "model": "a-model", "base_url": server.address}
        for file, content in {
            "models/asked.yaml": {**card, **pinned, **keys},
            "config.yaml": study,
        }.items():
            path = tmp_path / "config" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8") as stream:
                YAML(typ="safe", pure=True).dump(content, stream)
        return CliRunner().invoke(application, ["check", "--ask", "--yes"])

    return run


def test_every_preset_has_a_server_that_behaves_like_it() -> None:
    assert set(SPOKEN) == set(HOLDS)
    assert set(KNOWN) < set(SPOKEN)


@pytest.mark.parametrize("provider", sorted(HOLDS))
def test_a_card_that_only_names_provider_and_model_is_answered_and_told_what_holds(
    provider: str, check: Callable[..., Result], server: FaultServer
) -> None:
    serve_as(provider, server)
    done = check(provider)
    assert done.exit_code == 0, done.output
    assert "asked: reachable" in done.output
    assert "read as valence: " in done.output
    assert "two answers at temperature 0 were the same" in done.output
    for told in HOLDS[provider]:
        assert told in done.output, done.output
    assert "not honoured" not in done.output
    assert "stop: refused" not in done.output


def test_thinking_that_is_left_on_is_found_out_where_it_makes_the_temperature_void(
    check: Callable[..., Result], server: FaultServer
) -> None:
    serve_as("deepseek", server)
    done = check("deepseek", extra_body={"thinking": {"type": "enabled"}})
    assert "two answers at temperature 0 differed" in done.output
    assert "set sampling: none" in done.output


@pytest.mark.parametrize(
    ("thinks", "told"),
    [
        ("refuses", 'refused ("a-model" does not support thinking): set thinking: {low: null}'),
        ("ignores", "accepted, but there is no sign of thoughts. If the model does not think, set"),
        ("counts", "38 tokens of thoughts"),
        ("shows", "thoughts, whose tokens are not counted"),
    ],
)
def test_a_level_of_thinking_that_the_study_asks_for_is_tried(
    thinks: str, told: str, check: Callable[..., Result], server: FaultServer
) -> None:
    serve_as("ollama", server)
    usual = server.said

    def said(heard: Heard) -> tuple[int, object] | None:
        if heard.body.get("reasoning_effort") == "low" and thinks == "refuses":
            return 400, {"error": {"message": '"a-model" does not support thinking'}}
        return usual(heard)

    def change(heard: Heard, reply: dict[str, Any]) -> Any:
        if heard.body.get("reasoning_effort") == "none" or thinks in ("refuses", "ignores"):
            return reply
        usage = {**reply["usage"], "completion_tokens": 40}
        if thinks == "counts":
            usage["completion_tokens_details"] = {"reasoning_tokens": 38}
        reply["choices"][0]["message"]["reasoning"] = "Seventeen times …"
        return {**reply, "usage": usage}

    server.said, server.change = said, change
    levels = [{"name": "low", "prompts": "instruction", "participants": 4, "thinking": "low"}]
    done = check("ollama", {**STUDY, "protocols": [*STUDY["protocols"], *levels]})
    assert done.exit_code == 0, done.output
    assert f"thinking low: {told}" in done.output
    assert "thinking: none detected" in done.output, "at the level of the first protocol"
    first = check("ollama", {**STUDY, "protocols": levels})
    if thinks == "refuses":
        assert first.exit_code != 0
        assert "set thinking: {LEVEL: null} for a level that it does not have" in first.output
    card = {"capabilities": {"thinking": {"low": None}}}
    refused = check("ollama", {**STUDY, "protocols": levels}, **card)
    assert "thinking: low, which by its card it does not have" in refused.output


def test_a_parameter_that_a_server_refuses_is_told_with_the_key_to_set(
    check: Callable[..., Result], server: FaultServer
) -> None:
    serve_as("openai", server)
    done = check("openai", capabilities={"stop": True})
    assert "stop: refused (unsupported: stop): set stop: false" in done.output
    serve_as("groq", server)
    done = check("groq", capabilities={"top_logprobs": 20})
    assert "log-probabilities: refused" in done.output
    assert "set top_logprobs: 0" in done.output


def test_log_probabilities_that_are_null_are_told(
    check: Callable[..., Result], server: FaultServer
) -> None:
    serve_as("lmstudio", server)
    done = check("lmstudio", capabilities={"top_logprobs": 20})
    assert "log-probabilities: refused" in done.output


def test_stops_and_pictures_that_are_ignored_are_told(
    check: Callable[..., Result], server: FaultServer
) -> None:
    serve_as("ollama", server)

    def blind(heard: Any, choice: int) -> str:
        text = str(heard.body["messages"][-1]["content"])
        if "colour" in text:
            return "I see no picture."
        return "alpha beta gamma" if "alpha" in text else answer("ollama", heard, choice)

    server.reply = blind
    done = check("ollama", capabilities={"modalities": ["word", "image"]})
    assert "stop: not honoured: set stop: false" in done.output
    assert "image: a grey picture was called 'I see no picture.', so it may not" in done.output
    serve_as("ollama", server)
    done = check("ollama", capabilities={"modalities": ["word", "image"]})
    assert "stop: honoured" in done.output
    assert "image: a grey picture was called 'grey'\n" in done.output


def test_a_fault_ends_the_probes_and_not_the_check(
    check: Callable[..., Result], server: FaultServer
) -> None:
    serve_as("ollama", server)
    server.plan = lambda heard: "500" if "seven digits" in heard.prompt else None
    done = check("ollama", limits={"longest_wait_s": 0.2})
    assert done.exit_code == 0, done.output
    assert "temperature: could not be tried: the server of model 'a-model'" in done.output
    assert "stop:" not in done.output


@pytest.mark.parametrize(("provider", "name"), [("mistral", "random_seed"), ("groq", "seed")])
def test_the_seed_goes_by_the_name_that_a_provider_has_for_it(
    provider: str, name: str, check: Callable[..., Result], server: FaultServer
) -> None:
    serve_as(provider, server)
    check(provider)
    sent = [heard.body for heard in server.heard]
    assert all(name in body for body in sent)
    assert len({body[name] for body in sent}) > 1
    assert all(("seed" in body) == (name == "seed") for body in sent)


def test_the_number_of_log_probabilities_stands_where_a_provider_looks_for_it(
    check: Callable[..., Result], server: FaultServer
) -> None:
    for provider, wanted in (("together", (20, None)), ("deepseek", (True, 20))):
        server.heard.clear()
        serve_as(provider, server)
        check(provider)
        bodies = [heard.body for heard in server.heard if "logprobs" in heard.body]
        assert [(body["logprobs"], body.get("top_logprobs")) for body in bodies] == [wanted]


PRICES = {"input_usd": 1, "output_usd": 10, "as_of": "2026-01-01", "source": "a page"}


@pytest.mark.parametrize(
    ("usage", "booked"),
    [
        ({"cost": 0.002}, 4 * 0.002),
        ({"cost": 0}, 0.0),
        (
            {"cost": 0.001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.02}},
            0.084,
        ),
        ({"cost": 0.001, "cost_details": {"upstream_inference_cost": 0.02}}, 0.004),
        ({"cost": "0.002"}, None),
        ({"cost": -1}, None),
        ({"cost": {"total": 1}}, None),
        ({}, None),
    ],
)
def test_what_a_reply_says_it_cost_is_booked_where_the_card_says_so(
    usage: dict[str, Any], booked: float | None, desk: Desk
) -> None:
    def change(heard: Any, reply: dict[str, Any]) -> dict[str, Any]:
        return {**reply, "usage": {"prompt_tokens": 1, "completion_tokens": 3, **usage}}

    desk.server.change = change
    counted = 4 * (1 + 3 * 10) / 1e6
    for reported in (True, False):
        capabilities = {"choices": 3, "seed_bits": 63, "cost_reported": reported}
        folder = desk.folder / str(reported)
        folder.mkdir()
        account = Account(folder / "spent.json", 1)
        more = {"prices": PRICES, "capabilities": capabilities}
        asked = replace(desk, folder=folder, more=more)
        asked.rate(account)
        wanted = counted if booked is None or not reported else booked
        assert account.spent() == pytest.approx(wanted)
        if booked is not None:  # it is kept either way
            assert sum(answer.usd or 0 for answer in asked.answers()) == pytest.approx(booked)


def test_a_limit_holds_by_what_replies_cost_where_the_card_has_no_prices(desk: Desk) -> None:
    def change(heard: Any, reply: dict[str, Any]) -> dict[str, Any]:
        return {**reply, "usage": {"prompt_tokens": 1, "completion_tokens": 3, "cost": 0.4}}

    desk.server.change = change
    capabilities = {"choices": 3, "seed_bits": 63, "cost_reported": True}
    account = Account(desk.folder / "spent.json", 1)
    limits = {"concurrency": 1}
    with pytest.raises(BudgetError, match=r"max_usd = 1\.00"):
        replace(desk, limits=limits, more={"capabilities": capabilities}).rate(account)
    assert account.spent() == pytest.approx(3 * 0.4)
    assert len(desk.server.computed) == 3


GONE = {
    "openai": (
        404,
        {"message": "It has been deprecated", "code": "model_not_found"},
    ),
    "openai-project": (403, {"message": "Project has no access", "code": "model_not_found"}),
    "groq": (400, {"message": "The model has been decommissioned", "code": "model_decommissioned"}),
    "deepseek": (400, {"message": "Model Not Exist", "code": "invalid_request_error"}),
    "openrouter": (400, {"message": "a/b is not a valid model ID", "code": 400}),
    "mistral": (400, {"message": "Invalid model: mistral-0", "type": "invalid_model"}),
    "bedrock": (400, {"message": "The provided model identifier is invalid."}),
    "azure": (404, {"message": "There is no deployment", "code": "DeploymentNotFound"}),
    "gone": (410, {"message": "This model is gone."}),
}


@pytest.mark.parametrize("provider", list(GONE))
def test_a_model_that_was_switched_off_ends_the_job_and_costs_no_item_its_answer(
    provider: str, desk: Desk
) -> None:
    """Refused with HTTP 400, the last few items would else be kept as rejected for good."""
    replace(desk, words=["joy"]).rate()
    status, error = GONE[provider]
    desk.server.said = lambda heard: (status, {"error": error})
    three = replace(desk, words=["joy", "fear", "calm"])
    with pytest.raises(EngineError, match=r"does not know this model.*docs troubleshooting"):
        three.rate()
    assert {answer.finish_reason for answer in three.answers()} == {"stop"}
    heard = len(desk.server.heard)
    desk.server.said = lambda heard: None
    assert set(three.rate()["status"]) == {"ok"}
    assert len(desk.server.heard) == heard + 2


def test_the_journal_is_enough_to_finish_the_study_of_a_model_that_is_switched_off(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = desk.rate()
    heard = len(desk.server.heard)
    monkeypatch.delenv(KEY_VARIABLE)
    desk.server.plan = lambda heard: "404"  # type: ignore[assignment,return-value]
    after = replace(desk, more={"retires": "2020-01-01", "base_url": "http://gone.example/v1"})
    assert after.card.retiring("faulty", date.today()) is not None
    assert after.rate().equals(before)
    assert len(desk.server.heard) == heard
