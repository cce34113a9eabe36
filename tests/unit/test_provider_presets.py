"""The key provider of a card: a preset stands under the keys that the card gives itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from emoalign.commands.app import application
from emoalign.elicitation.engines.api.api_model import ApiModel
from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from emoalign.elicitation.engines.providers import PROVIDERS, Provider
from emoalign.elicitation.rating import Ask, RatingRequest, Sampling
from emoalign.errors import StudyError
from emoalign.installed import CATALOGUE
from emoalign.planning.loading import MODELS, load_study
from emoalign.prompts import Message, Prompt
from emoalign.study.library import Library
from emoalign.study.reading import read_card

PRESETS = {path.stem: path for path in CATALOGUE.glob(f"{PROVIDERS}/*.yaml")}

Read = Callable[[str], ApiModel]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """The card with a text, config/models/mine.yaml of this folder."""
    monkeypatch.chdir(tmp_path)
    for variable in ("AWS_REGION", "AZURE_OPENAI_RESOURCE"):
        monkeypatch.delenv(variable, raising=False)

    def card(text: str) -> ApiModel:
        write("models/mine", text)
        model = read_card(Path("config/models/mine.yaml"), MODELS)
        assert isinstance(model, ApiModel)
        return model

    return card


def write(name: str, text: str) -> None:
    path = Path("config", f"{name}.yaml")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def problems(read: Read, text: str) -> list[str]:
    with pytest.raises(StudyError) as caught:
        read(text)
    return list(caught.value.problems)


def ids(card: ApiModel) -> set[str]:
    """The ids of requests in both readouts."""
    prompt = Prompt((Message("user", "joy"),), None)
    name, revision = card.identity()
    return {
        RatingRequest(
            *(name, revision, prompt, Sampling(1.0, 4), readout, 1),
            extra_body=card.extras(),
        ).request_id
        for readout in ("sampled", "exact")
    }


def test_provider_and_model_are_a_whole_card(read: Read) -> None:
    card = read("provider: ollama\nmodel: qwen3:8b\n")
    assert isinstance(card, OpenAIModel)
    assert card.title == "qwen3:8b"
    assert card.base_url == "http://localhost:11434/v1"
    assert card.api_key_env is None
    assert card.destination is None


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_has_a_date_and_a_source_and_makes_a_card(name: str, read: Read) -> None:
    preset = read_card(PRESETS[name], Provider)
    assert preset.as_of
    assert preset.source
    variables = "".join(f"  {key}: somewhere\n" for key in preset.variables)
    pinned = "extra_body: {provider: {only: [one]}}\n" if preset.must_give else ""
    text = f"provider: {name}\nmodel: m\n{f'variables:{chr(10)}{variables}' * bool(variables)}"
    card = read(text + pinned)
    assert card.title == "m"
    assert "{" not in card.base_url


def test_a_card_with_everything_written_out_has_the_same_requests(read: Read) -> None:
    short = read("provider: deepseek\nmodel: deepseek-v4-flash\n")
    written = short.model_dump(mode="json", exclude={"provider", "variables"})
    with Path("config/models/long.yaml").open("w", encoding="utf-8") as stream:
        YAML(typ="safe", pure=True).dump(written, stream)
    long = read_card(Path("config/models/long.yaml"), MODELS)
    assert isinstance(long, ApiModel)
    assert long.provider is None
    assert ids(long) == ids(short)
    assert long.answering() == short.answering()
    bare = read("engine: openai\ntitle: t\nmodel: deepseek-v4-flash\ncapabilities: {}\n")
    assert not ids(bare) & ids(short)  # what the preset adds to the body is in the identity


def test_keys_of_the_card_come_first_and_keys_with_keys_are_merged(read: Read) -> None:
    card = read(
        "provider: deepseek\ntitle: Mine\nmodel: m\nbase_url: http://localhost:9/v1\n"
        "extra_body: {user_id: lab}\ncapabilities: {choices: 3}\n"
    )
    assert (card.title, card.base_url) == ("Mine", "http://localhost:9/v1")
    assert card.extra_body == {"thinking": {"type": "disabled"}, "user_id": "lab"}
    assert card.capabilities.choices == 3
    assert card.capabilities.top_logprobs == 20


@pytest.mark.parametrize("provider", ["ollama", "lmstudio", "vllm-serve", "llamacpp-server"])
@pytest.mark.parametrize(
    ("host", "free"),
    [
        ("localhost", True),
        ("10.1.2.3", True),
        ("192.168.0.7", True),
        ("[fd00::7]", True),
        ("100.64.0.7", True),
        ("gpu17", True),
        ("gpu17.local", True),
        ("ollama.example.org", False),
        ("8.8.8.8", False),
        ("[2001:4860:4860::8888]", False),
        ("local.example.org", False),
    ],
)
def test_a_local_server_somewhere_else_is_not_free_unless_the_card_says_so(
    provider: str, host: str, free: bool, read: Read
) -> None:
    text = f"provider: {provider}\nmodel: m\nbase_url: http://{host}:8000/v1\n"
    card = read(text)
    assert (card.prices is not None) == free
    assert card.cost_unknown != free
    stated = "prices: {input_usd: 0, output_usd: 0, as_of: '2026-11-28', source: our own}\n"
    assert not read(text + stated).cost_unknown


def test_prices_of_the_card_take_the_place_of_all_of_the_preset(read: Read) -> None:
    prices = "prices: {input_usd: 3, output_usd: 9, as_of: '2026-01-01', source: a page}"
    card = read(f"provider: ollama\nmodel: m\n{prices}\n")
    assert card.prices is not None
    assert (card.prices.output_usd, card.prices.source) == (9, "a page")
    assert read("provider: ollama\nmodel: m\nprices: null\n").prices is None
    with pytest.raises(StudyError, match="output_usd"):
        read("provider: ollama\nmodel: m\nprices: {input_usd: 3}\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "model: m\nprovider: olama\n",
            "config/models/mine.yaml, line 2: provider: there is no config/providers/olama.yaml; "
            "did you mean 'ollama'?",
        ),
        ("provider: 3\nmodel: m\n", "mine.yaml, line 1: provider: expected a name, found 3"),
        ("provider: ollama\n", "config/models/mine.yaml: model: missing"),
        (
            "provider: ollama\nmodel: m\ncapabilities:\n  choices: 0\n",
            "config/models/mine.yaml, line 4: capabilities.choices: must be 1 or more, found 0",
        ),
        (
            "provider: ollama\nmodel: m\ncapabilities:\n  choises: 1\n",
            "line 4: capabilities.choises: unknown key; did you mean 'choices'?",
        ),
        (
            "provider: ollama\nmodel: m\nengine: vllm\n",
            "line 3: engine: models of provider 'ollama' have engine openai",
        ),
        (
            "provider: deepseek\nmodel: m\ndelivery: batch\n",
            "line 3: delivery: provider 'deepseek' has no batch interface",
        ),
        (
            "provider: ollama\nmodel: m\nvariables: {host: a}\n",
            "the address http://localhost:11434/v1 has no such variable; leave it out",
        ),
        ("provder: ollama\nmodel: m\n", "line 1: provder: unknown key; did you mean 'provider'?"),
        ("model: m\nProvider: ollama\n", "line 2: Provider: unknown key; did you mean 'provider'?"),
        ("provider: null\nmodel: m\n", "recorded, vllm; or, for a server, `provider: …` with"),
        (
            "title: t\nengine: openai\nmodel: m\ncapabilities: {}\nvariables: {host: a}\n",
            "line 5: variables: a card without provider has none",
        ),
    ],
)
def test_mistakes_are_told_with_file_line_and_key_of_the_card(
    text: str, told: str, read: Read
) -> None:
    found = problems(read, text)
    assert len(found) == 1
    assert told in found[0]


@pytest.mark.parametrize(
    ("provider", "taken"),
    [("openai", True), ("azure", True), ("anthropic", False), ("gemini", False)],
)
def test_a_time_for_batches_is_refused_where_nobody_would_be_told_it(
    provider: str, taken: bool, read: Read
) -> None:
    text = f"provider: {provider}\nmodel: m\nbatches: {{completion_window: 48h}}\n"
    text += "variables: {resource: lab}\n" * (provider == "azure")
    if taken:
        assert read(text).batches.completion_window == "48h"
    else:
        assert "batches.completion_window: this interface takes no" in problems(read, text)[0]
    assert read(text.replace("48h", "24h")).batches.completion_window == "24h"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("opnai", "openai"),
        ("Ollama", "ollama"),
        ("lm-studio", "lmstudio"),
        ("claude", "anthropic"),
        ("grok", "xai"),  # not groq
        ("ChatGPT", "openai"),
        ("google", "gemini"),
        ("vllm", "vllm-serve"),
        ("llamacpp", "llamacpp-server"),
        ("llama.cpp", "llamacpp-server"),
        ("aws", "bedrock"),
    ],
)
def test_another_name_of_a_provider_leads_to_the_right_one(
    written: str, meant: str, read: Read
) -> None:
    told = f"did you mean '{meant}'?"
    assert problems(read, f"provider: {written}\nmodel: m\n")[0].endswith(told)
    typed = ["new", "model", "m", "--provider", written, "--model", "m"]
    assert told in CliRunner().invoke(application, typed).output
    assert told in CliRunner().invoke(application, ["show", "provider", written]).output


@pytest.mark.parametrize(
    ("text", "sampling", "room"),
    [
        (
            "provider: anthropic\nmodel: claude-sonnet-4-6\napi_version: 2023-06-01\n"
            "capabilities: {sampling: temperature, temperature: {min: 0, max: 1}}",
            "temperature",
            0,
        ),
        (
            "provider: anthropic\nmodel: claude-opus-5-5\n"
            "extra_body: {thinking: {type: adaptive}}\n"
            "capabilities: {thinking_tokens: {provider: 2048}}",
            "none",
            2048,
        ),
        (
            "provider: openai\nmodel: gpt-6-astra\nextra_body: {reasoning_effort: low}\n"
            "capabilities: {sampling: none, thinking_tokens: {provider: 2048}}",
            "none",
            2048,
        ),
        ("provider: gemini\nmodel: gemini-3-flash\ncapabilities: {sampling: all}", "all", 2048),
        (
            "provider: xai\nmodel: grok-4.7\ncapabilities: {thinking_tokens: {provider: 2048}}",
            "all",
            2048,
        ),
    ],
    ids=lambda text: str(text)[:40],
)
def test_cards_that_the_pages_of_providers_tell_of_can_be_used(
    text: str, sampling: str, room: int, read: Read
) -> None:
    card = read(text)
    assert card.capabilities.sampling == sampling
    assert card.thoughts("provider").tokens == room


def test_claude_haiku_moves_to_the_interface_of_its_own_and_its_answers_stay_valid(
    read: Read,
) -> None:
    """As the page of Anthropic says: a copy of the included card with two keys changed."""
    before = Library().card("models", "claude-haiku-4-5", MODELS)
    text = (CATALOGUE / "models/claude-haiku-4-5.yaml").read_text(encoding="utf-8")
    moved = text.replace("engine: openai", "engine: anthropic\napi_version: 2023-06-01")
    after = read(moved + "delivery: batch\n")
    assert isinstance(before, ApiModel)
    assert after.engine == "anthropic"
    assert ids(after) == ids(before)


def test_all_mistakes_of_a_card_are_told_together(read: Read) -> None:
    found = problems(
        read, "provider: azure\nmodel: m\nengine: vllm\ncapabilities: {choices: none}\ntitel: T\n"
    )
    assert [each.split(": ")[1] for each in found] == [
        "engine",
        "variables.resource",
        "capabilities.choices",
        "titel",
    ]


def test_a_variable_of_the_address_is_from_the_card_or_the_environment(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    (told,) = problems(read, "provider: bedrock\nmodel: m\n")
    assert told.startswith("config/models/mine.yaml: variables.region: missing; the address of")
    assert "`variables: {region: …}` into the card, or export AWS_REGION=…" in told
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    from_there = read("provider: bedrock\nmodel: m\n")
    assert from_there.base_url == "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1"
    card = read("provider: bedrock\nmodel: m\nvariables: {region: us-east-1}\n")
    assert card.base_url == "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1"
    assert card.answering() == from_there.answering()


@pytest.mark.parametrize("value", ["evil.example/x", "a@b", "a b", "", "a:1"])
def test_a_variable_cannot_lead_to_another_server(value: str, read: Read) -> None:
    text = f'provider: azure\nmodel: m\nvariables: {{resource: "{value}"}}\n'
    (told,) = problems(read, text)
    assert "line 3: variables.resource: " in told


@pytest.mark.parametrize(
    ("only", "found"),
    [
        ("", "missing"),
        ("extra_body: {provider: {only: [a, b]}}", "found 2 entries"),
        ("extra_body: {provider: {only: []}}", "found an empty list"),
        ("extra_body: {provider: {order: [a]}}", "missing"),
        ("extra_body: {only: [a]}", "missing"),
        ("extra_body: {provider: {only: a}}", 'expected a list, found "a"'),
        ('extra_body: {provider: {only: [""]}}', "expected a name, found nothing"),
        ("extra_body: {provider: {only: [3]}}", "expected a name, found 3"),
        ("extra_body: {provider: {only: [to-be-named]}}", "still to-be-named"),
    ],
)
def test_openrouter_is_refused_unless_one_host_is_pinned(only: str, found: str, read: Read) -> None:
    (told,) = problems(read, f"provider: openrouter\nmodel: m\n{only}\n")
    assert f"extra_body.provider.only: {found}; hosts run the same model" in told
    assert told.startswith("config/models/mine.yaml")


def test_openrouter_is_asked_for_one_host_that_takes_all_parameters(read: Read) -> None:
    card = read("provider: openrouter\nmodel: m\nextra_body: {provider: {only: [deepinfra]}}\n")
    ask = Ask(RatingRequest("m", None, Prompt((), None), Sampling(1.0, 4), "sampled", 1), (0,))
    body = card.dialect.body(card.model, card.capabilities, ask)
    assert "provider" not in body  # what is sent is in the request, and so in its id
    assert dict(card.extras())["provider"] == {
        "require_parameters": True,
        "allow_fallbacks": False,
        "only": ["deepinfra"],
    }
    assert card.capabilities.cost_reported


@pytest.mark.parametrize(
    ("provider", "level", "sent"),
    [
        ("openai", "off", {"reasoning_effort": "none"}),
        ("openai", "high", {"reasoning_effort": "high"}),
        ("deepseek", "off", {"thinking": {"type": "disabled"}}),
        ("deepseek", "high", {"thinking": {"type": "enabled"}}),
        ("ollama", "low", {"reasoning_effort": "low"}),
        (
            "anthropic",
            "low",
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
        ),
    ],
)
def test_a_protocol_sets_the_level_of_thinking_over_what_the_preset_sends(
    provider: str, level: Any, sent: dict[str, Any], read: Read
) -> None:
    card = read(f"provider: {provider}\nmodel: m\n")
    assert dict(card.extras(card.thoughts(level))) == sent
    tokens = card.thoughts(level).tokens
    assert (tokens == 0) == (level == "off")
    assert dict(card.extras(card.thoughts("provider"))) == dict(card.extras())


OWN = """\
title: The server of our lab
as_of: "2026-11-01"
source: ourselves
card:
  engine: openai
  base_url: http://lab.example:8000/v1
  api_key_env: LAB_KEY
  capabilities:
    choices: 4
"""


def test_a_preset_of_ones_own_is_listed_shown_and_used(read: Read) -> None:
    write("providers/lab", OWN)
    assert read("provider: lab\nmodel: m\n").base_url == "http://lab.example:8000/v1"
    listed = CliRunner().invoke(application, ["list", "providers"]).output
    assert "lab " in listed
    assert "The server of our lab (own)" in listed
    assert "ollama" in listed
    shown = CliRunner().invoke(application, ["show", "provider", "lab"])
    assert shown.exit_code == 0, shown.output
    assert "base_url: http://lab.example:8000/v1" in shown.output
    of_model = CliRunner().invoke(application, ["show", "model", "mine"]).output
    assert "# Keys that the provider brings:" in of_model
    assert "#   capabilities.choices: 4" in of_model
    assert "#   title: m" in of_model


def test_a_preset_of_ones_own_replaces_the_included_one_and_that_is_told(read: Read) -> None:
    write("providers/ollama", OWN)
    assert read("provider: ollama\nmodel: m\n").base_url == "http://lab.example:8000/v1"
    included = Library().card("models", "ollama-qwen3-8b", MODELS)
    assert isinstance(included, ApiModel)
    assert included.base_url == "http://lab.example:8000/v1"
    study: dict[str, Any] = {
        "study": "s",
        "title": "S",
        "seed": 1,
        "models": ["mine", "ollama-qwen3-8b"],
        "datasets": [{"dataset": "vader", "sample": 2}],
        "protocols": [{"name": "p", "prompts": "instruction", "participants": 1}],
    }
    loaded = load_study(study, Path("config"))
    assert loaded.shadowing == ("config/providers/ollama.yaml",)


def test_another_folder_of_entries_has_its_own_presets(read: Read, tmp_path: Path) -> None:
    read("provider: ollama\nmodel: m\n")
    write("providers/lab", OWN)
    other = tmp_path / "elsewhere"
    Path("config").rename(other)
    (other / "models/mine.yaml").write_text("provider: lab\nmodel: m\n", encoding="utf-8")
    card = Library(other).card("models", "mine", MODELS)
    assert isinstance(card, ApiModel)
    assert card.base_url == "http://lab.example:8000/v1"


@pytest.mark.parametrize(
    ("wrong", "right", "told"),
    [
        ("engine: openai", "engine: opena", "line 5: card.engine: expected one of"),
        ("engine: openai", "engine: vllm", "line 5: card.engine: expected one of"),
        ("choices: 4", "choises: 4", "line 9: card.capabilities.choises: unknown key"),
        ("choices: 4", "choices: 0", "line 9: card.capabilities.choices: must be 1 or more"),
        ("source: ourselves\n", "", "config/providers/lab.yaml: source: missing"),
        ("title:", "titel:", "line 1: titel: unknown key; did you mean 'title'?"),
    ],
)
def test_mistakes_in_a_preset_are_told_where_they_are(
    wrong: str, right: str, told: str, read: Read
) -> None:
    write("providers/lab", OWN.replace(wrong, right))
    found = problems(read, "provider: lab\nmodel: m\n")
    assert any(told in each and "providers/lab.yaml" in each for each in found), found
    shown = CliRunner().invoke(application, ["show", "provider", "lab"])
    assert shown.exit_code == 1
    assert told in shown.output


def test_new_model_writes_a_card_of_a_provider(read: Read) -> None:
    read("provider: ollama\nmodel: m\n")

    def new(*arguments: str) -> str:
        done = CliRunner().invoke(application, ["new", "model", *arguments])
        return done.output if done.exit_code else ""

    assert not new("q", "--provider", "ollama", "--model", "qwen3:8b")
    assert not new("az", "--provider", "azure", "--model", "my-gpt")
    assert not new("r", "--provider", "openrouter", "--model", "a/b")
    assert not new("c", "--provider", "anthropic", "--model", "claude")
    assert "did you mean 'ollama'?" in new("x", "--provider", "ollam")
    assert "leave out FILE and --engine" in new("y", "--provider", "ollama", "--engine", "vllm")
    text = Path("config/models/az.yaml").read_text(encoding="utf-8")
    assert "resource: to-be-named  # ← please check" in text
    card = Library().card("models", "q", MODELS)
    assert isinstance(card, ApiModel)
    assert (card.provider, card.model) == ("ollama", "qwen3:8b")
    seeing = Library().card("models", "c", MODELS)
    assert isinstance(seeing, ApiModel)
    assert "image" in seeing.able.modalities  # as the preset says


def test_a_new_card_is_refused_until_its_author_has_named_what_only_they_know(read: Read) -> None:
    read("provider: ollama\nmodel: m\n")
    for name, provider, key in (
        ("az", "azure", "line 6: variables.resource"),
        ("r", "openrouter", "line 9: extra_body.provider.only"),
    ):
        CliRunner().invoke(application, ["new", "model", name, "--provider", provider])
        with pytest.raises(StudyError) as raised:
            read_card(Path(f"config/models/{name}.yaml"), MODELS)
        (told,) = raised.value.problems
        assert f"config/models/{name}.yaml, {key}: still to-be-named" in told


@pytest.mark.parametrize("name", ["claude-opus-5-5", "gemini-3.8-flash", "gemini-4-argon"])
def test_thoughts_that_cannot_be_stopped_have_room_beside_an_answer(name: str) -> None:
    card = read_card(CATALOGUE / "models" / f"{name}.yaml", MODELS)
    assert isinstance(card, ApiModel)
    assert "off" not in card.able.thinking
    assert isinstance(card.capabilities.thinking_tokens, dict)
    assert card.capabilities.thinking_tokens["provider"] >= 1024
    assert "high" in card.capabilities.thinking_tokens  # merged with those of the preset
