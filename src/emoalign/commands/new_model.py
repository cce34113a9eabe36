"""`emoalign new model`: a card for a server, a file of weights, or recorded ratings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import wrap
from typing import Literal

import click

from emoalign.addresses import on_this_machine
from emoalign.commands.group import Told, Unwrapped
from emoalign.commands.kinds import completing, found
from emoalign.commands.new_batch import batch_card
from emoalign.commands.new_files import (
    CHECK,
    copy_to,
    free_file,
    project_file,
    quoted,
    say_next,
    write_entry,
)
from emoalign.commands.new_recorded import recorded_card
from emoalign.elicitation.engines.providers import PROVIDERS, TO_BE_NAMED, Provider
from emoalign.elicitation.engines.served import ServedModel
from emoalign.stimuli.guessed_format import guess_table
from emoalign.study.reading import read_card

Engine = Literal["openai", "anthropic", "gemini", "llamacpp", "vllm", "recorded"]
ENGINES: tuple[Engine, ...] = ("openai", "anthropic", "gemini", "llamacpp", "vllm", "recorded")
OPENAI = "https://api.openai.com/v1"
ANTHROPIC = "https://api.anthropic.com/v1"
GEMINI = "https://generativelanguage.googleapis.com/v1beta"
CAPABILITIES = (
    "# What the model can do; test it with `emoalign check --ask`. All keys: emoalign docs "
    "configuration"
)


@click.command(
    "model",
    cls=Unwrapped,
    examples=(
        "emoalign new model qwen3 --provider ollama --model qwen3:8b",
        "emoalign new model gpt-mini --engine openai --model gpt-4o-mini-2024-07-18",
        "emoalign new model haiku --engine anthropic --model claude-haiku-5-5",
        "emoalign new model flash --engine gemini --model gemini-3.8-flash",
        "emoalign new model my-server --base-url http://localhost:8000/v1 --model my-model",
        "emoalign new model my-llama resources/models/my-llama-q4.gguf",
        "emoalign new model published --recorded ratings.csv",
    ),
)
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    help="How the model is run; without it, inferred from the other options.",
)
@click.option(
    "--provider",
    help="A provider of models, or a program that serves them (emoalign list providers).",
    shell_complete=completing("providers"),
)
@click.option("--model", help="The model's name on the server or on the hub.")
@click.option("--base-url", help="Address of the server, including /v1.")
@click.option("--key-env", help="Environment variable with the server's API key.")
@click.option(
    "--recorded",
    type=click.Path(path_type=Path),
    help="A table of ratings already collected, or the answers of a batch.",
)
def command(
    name: str,
    file: Path | None,
    engine: Engine | None,
    provider: str | None,
    model: str | None,
    base_url: str | None,
    key_env: str | None,
    recorded: Path | None,
) -> None:
    """Write config/models/NAME.yaml: a card for a model.

    FILE is a GGUF file (llama.cpp), a table of recorded ratings, or the answers of a batch. The
    model is not asked anything: what its server can do is a guess in the card; test it with
    `emoalign check --ask`.
    """
    path = free_file("models", name)
    given = recorded or file
    lines: Iterable[str]
    if provider is not None and (given is not None or engine is not None):
        raise Told("A provider brings the engine and has the model: leave out FILE and --engine.")
    engine = engine or _told_engine(given, recorded, base_url)
    known = model or name
    schema = f"{engine}-model"
    if provider is not None:
        ((_, entry),) = found(provider, [PROVIDERS])
        preset = read_card(entry.path, Provider)
        schema = f"{preset.card['engine']}-model"
        target, lines = None, _provided(name, known, provider, preset, base_url, key_env)
    elif engine in ("recorded", "llamacpp"):
        if given is None:
            what = "table of ratings" if engine == "recorded" else "GGUF file"
            raise Told(f"Name the {what}: emoalign new model {name} FILE")
        target = project_file(given, name)
        if engine == "recorded":
            lines = batch_card(name, target.as_posix(), given) or recorded_card(
                name, target.as_posix(), guess_table(given)
            )
        else:
            lines = _llamacpp(name, target.as_posix())
    elif engine == "vllm":
        target, lines = None, _vllm(name, known)
    elif engine == "anthropic":
        target, lines = None, _anthropic(name, known, base_url or ANTHROPIC, key_env)
    elif engine == "gemini":
        target, lines = None, _gemini(name, known, base_url or GEMINI, key_env)
    else:
        target, lines = None, _openai(name, known, base_url or OPENAI, key_env)
    write_entry("models", path, schema, "\n".join(lines))
    if target is not None and given is not None:
        copy_to(target, given)
    study = f"emoalign new study my-study --dataset vader --model {name}"
    check = "emoalign check config/studies/my-study.yaml"
    say_next([study, check if engine == "recorded" else f"{check} --ask"])


def _told_engine(file: Path | None, recorded: Path | None, base_url: str | None) -> Engine:
    """The engine, from what else is said."""
    if recorded is not None:
        return "recorded"
    if file is None:
        address = (base_url or "").rstrip("/")
        if "googleapis.com" in address and not address.endswith("/openai"):
            return "gemini"
        return "anthropic" if "anthropic.com" in address else "openai"
    if base_url is not None:
        raise Told("A model is either on a server or in a file: give --base-url or FILE, not both.")
    return "llamacpp" if file.suffix.lower() == ".gguf" else "recorded"


def _provided(
    name: str, model: str, provider: str, preset: Provider, base_url: str | None, key: str | None
) -> Iterator[str]:
    """A card of a provider, with the keys that only the card can give."""
    yield f"# What the provider brings: emoalign show provider {provider}"
    yield f"provider: {provider}"
    unsure = f"  {CHECK}: the model's name at the provider" if model == name else ""
    yield f"model: {quoted(model)}{unsure}"
    if base_url is not None:
        yield f"base_url: {base_url}"
    if key is not None:
        yield f"api_key_env: {key}"
    if preset.variables and base_url is None:
        yield "variables:"
        for variable, environment in preset.variables.items():
            yield f"  {variable}: {TO_BE_NAMED}  {CHECK}, or remove it and export {environment}"
    for way, words in preset.must_give.items():
        *outer, last = way.split(".")
        yield from (f"# {line}" for line in wrap(f"{words[0].upper()}{words[1:]}.", 98))
        yield from (f"{'  ' * depth}{part}:" for depth, part in enumerate(outer))
        yield f"{'  ' * len(outer)}{last}: [{TO_BE_NAMED}]  {CHECK}"
    card = preset.of(model)
    if not isinstance(card, ServedModel) or "image" not in card.able.modalities:
        yield "capabilities:"
        yield "  modalities: [word, sentence]  # add image if the model accepts images"
    if str(preset.card.get("base_url")).startswith("https:"):
        yield "# The plan gives costs, and max_usd limits them, if the card has prices:"
        yield "# prices: {input_usd: …, output_usd: …, as_of: …, source: …}"


def _openai(name: str, model: str, base_url: str, key_env: str | None) -> Iterator[str]:
    here = on_this_machine(base_url)
    yield from _on_server("openai", name, model)
    yield f"base_url: {base_url}"
    yield "# The environment variable with the API key; null for a server without keys."
    key = key_env or ("OPENAI_API_KEY" if "openai.com" in base_url else None)
    yield f"api_key_env: {key or 'null'}" + ("" if key or here else f"  {CHECK}")
    yield CAPABILITIES
    yield "capabilities:"
    yield "  modalities: [word, sentence]  # add image if the model accepts images"
    yield "  chat: true"
    yield f"  choices: 20  {CHECK}: answers per request (the parameter n); 1 if unknown"
    yield f"  seed_bits: 63  {CHECK}: 0 for a server without seeds"
    yield "  # sampling: none     if it takes no temperature; protocols: temperature: provider"
    yield "  # thinking: {off: {reasoning_effort: none}, high: {reasoning_effort: high}}"
    yield "  # thinking_tokens: 4096     the most tokens of thoughts, beside those of the answer"
    yield "  # top_logprobs: 20     for the exact readout, at temperature 1"
    yield "  # vocabulary: digits     for exact points such as 10: o200k_base, llama3, digits …"
    yield "  # structured: true     if a JSON schema can force the form of answers"
    yield "  # sampling_extras: true     for llama.cpp's server"
    yield "  # token_limit: max_completion_tokens     where max_tokens is refused"
    yield from _limits_and_prices(here)


def _anthropic(name: str, model: str, base_url: str, key_env: str | None) -> Iterator[str]:
    yield from _on_server("anthropic", name, model)
    if base_url.rstrip("/") != ANTHROPIC:
        yield f"base_url: {base_url}"
    yield f"api_key_env: {key_env or 'ANTHROPIC_API_KEY'}"
    yield CAPABILITIES
    yield "capabilities:"
    yield "  modalities: [word, sentence, image]"
    yield "  sampling: none"
    yield "  structured: true  # from Claude 4.5 on"
    yield "# For temperatures other than 1 with a model up to Claude 4.6: sampling: temperature and"
    yield "# temperature: {min: 0, max: 1} above, and here"
    yield "# api_version: 2023-06-01"
    yield "# Most newer models think unless told not to, and some cannot be told:"
    yield "# extra_body:"
    yield "#   thinking: {type: disabled}"
    yield from _limits_and_prices(on_this_machine(base_url))
    yield "#   batch_factor: 0.5    with delivery: batch"


def _gemini(name: str, model: str, base_url: str, key_env: str | None) -> Iterator[str]:
    yield from _on_server("gemini", name, model)
    if base_url.rstrip("/") != GEMINI:
        yield f"base_url: {base_url}"
    yield f"api_key_env: {key_env or 'GEMINI_API_KEY'}"
    yield "# How much Gemini may block; without it, the provider's default."
    yield 'safety: "OFF"'
    yield CAPABILITIES
    yield "capabilities:"
    yield "  modalities: [word, sentence, image]"
    yield "  sampling: none  # up to 3.5: all, since they take a temperature; later ones ignore it"
    yield f"  choices: 1  {CHECK}: answers per request (candidateCount), up to 8 for some models"
    yield "  seed_bits: 31"
    yield "  structured: true"
    yield "# Most models think unless told not to, and some cannot be told. Up to 2.5 this is"
    yield "# thinkingBudget: 0"
    yield "# extra_body:"
    yield "#   generationConfig: {thinkingConfig: {thinkingLevel: LOW}}"
    yield from _limits_and_prices(on_this_machine(base_url))
    yield "#   batch_factor: 0.5    with delivery: batch"


def _on_server(engine: Engine, name: str, model: str) -> Iterator[str]:
    yield f"title: {quoted(name)}"
    yield f"engine: {engine}"
    unsure = f"  {CHECK}: the model's name on the server, preferably a dated version"
    yield f"model: {quoted(model)}" + (unsure if model == name else "")


def _limits_and_prices(here: bool) -> Iterator[str]:
    yield "limits:"
    yield f"  concurrency: {4 if here else 8}"
    if not here:
        yield "  # requests_per_minute: 500"
        yield "  # tokens_per_minute: 200000"
        yield (
            "# With prices, `emoalign check` shows what a study costs at most, and max_usd can "
            "limit it."
        )
        yield "# prices:"
        yield "#   input_usd: 0.15      US dollars per million prompt tokens"
        yield "#   output_usd: 0.60"
        yield '#   as_of: "2026-01-31"'
        yield "#   source: https://…"


def _llamacpp(name: str, file: str) -> Iterator[str]:
    yield f"title: {quoted(name)}"
    yield "engine: llamacpp"
    yield "weights:"
    yield f"  file: {quoted(file) if ' ' in file else file}"
    yield "  # sha256: …  recommended: the output of sha256sum"
    yield "context_tokens: 1024  # the most tokens of a prompt and its answer together"
    yield "threads: 2"
    yield "# gpu_layers: 99  if there is a GPU that llama.cpp can use"
    yield "capabilities:"
    yield "  modalities: [word, sentence]"
    yield f"  chat: true  {CHECK}: false for a model without a chat template"
    yield "  completion: true"
    yield "  choices: 20  # answers drawn from one pass over the prompt"
    yield "  top_logprobs: 200"
    yield "  tokenizer: true"
    yield "  seed_bits: 31"
    yield "  sampling_extras: true"


def _vllm(name: str, model: str) -> Iterator[str]:
    unsure = f"  {CHECK}: a name on the hub, or a folder" if model == name else ""
    yield f"title: {quoted(name)}"
    yield "engine: vllm"
    yield f"model: {quoted(model) if '/' not in model else model}{unsure}"
    yield "# revision: …  the commit on the hub, so that the study can be repeated"
    yield "dtype: bfloat16"
    yield "context_tokens: 2048"
    yield "# If the model thinks before it answers, turn that off; for thinking as a factor, add"
    yield "# thinking and thinking_tokens to its capabilities:"
    yield "# chat_template_kwargs: {enable_thinking: false}"
    yield "tensor_parallel_size: 1"
    yield f"gpu_memory_gb: 24  {CHECK}: somewhat more than twice the billions of parameters"
    yield f"memory_gb: 32  {CHECK}"
    yield "capabilities:"
    yield "  modalities: [word, sentence]"
    yield "  chat: true"
    yield "  completion: true"
