"""docs/provider-*.md: a page for each family of providers, from their presets and cards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from emoalign.elicitation.engines.api.api_model import ApiModel
from emoalign.elicitation.engines.providers import PROVIDERS, Provider
from emoalign.installed import CATALOGUE
from emoalign.planning.loading import MODELS
from emoalign.study.reading import read_card


@dataclass(frozen=True)
class Family:
    """Providers on a page. `name` ends the page's name, `model` is that of the example."""

    name: str
    title: str
    providers: tuple[str, ...]
    model: str
    introduction: str
    keys: str = ""
    """Further lines of the example."""


FAMILIES = (
    Family(
        "openai",
        "OpenAI and Azure",
        ("openai", "azure"),
        "gpt-6-luna",
        "The first study with such a model is on [its own page](api-study.md), with limits and "
        "batches at half the price.",
    ),
    Family(
        "anthropic",
        "Anthropic",
        ("anthropic",),
        "claude-haiku-5-5",
        "Claude, asked through Anthropic's own interface.",
    ),
    Family(
        "gemini",
        "Gemini",
        ("gemini",),
        "gemini-3.8-flash",
        "Gemini, asked through Google's own interface (generateContent), singly or in batches at "
        "half the price.",
    ),
    Family(
        "makers",
        "Mistral, DeepSeek and xAI",
        ("mistral", "deepseek", "xai"),
        "mistral-small-2603",
        "Makers of models, asked through their own interfaces, which are like OpenAI's.",
    ),
    Family(
        "hosts",
        "Groq, Together and Bedrock",
        ("groq", "together", "bedrock"),
        "llama-3.3-70b-versatile",
        "Hosts of open weights. Two hosts may run the same model with different weights and "
        "settings, so name the host when you describe a study.",
    ),
    Family(
        "openrouter",
        "OpenRouter",
        ("openrouter",),
        "google/gemma-3-27b-it",
        "A gateway to many hosts. It may send each request to a different one, so a card must "
        "name one.",
        "extra_body:\n  provider: {only: [deepinfra]}\n",
    ),
    Family(
        "local",
        "Servers of your own",
        ("ollama", "lmstudio", "vllm-serve", "llamacpp-server"),
        "qwen3:8b",
        "Programs that run on your machine, or on one that you name in `base_url`. On yours, items "
        "stay there; on yours and on private networks, nothing is charged. Elsewhere the cost is "
        "unknown unless the card gives `prices`. Without a server: "
        "[a GGUF file](add-a-model.md#a-gguf-file-embedded) or [weights on a GPU](vllm.md).",
    ),
)

_PRESET = "the provider's preset has the rest, and what you add overrides it."
_PAGE = """\
# {title}

<!-- Generated from the presets by `make docs`. Edit src/emoalign/catalogue/providers. -->

{introduction} A short [card](add-a-model.md) is enough: {preset}

```yaml
# config/models/my-model.yaml
provider: {provider}
model: {model}
{keys}```

```sh
emoalign new model my-model --provider {provider} --model {model}    # writes the card
emoalign show provider {provider}    # the preset
emoalign check --ask{spaces}# asks the models of the study a few questions
```

{table}

{sections}
"""

ROWS: Mapping[str, Callable[[Provider, ApiModel], str]] = {
    "address": lambda preset, card: f"`{preset.card.get('base_url', card.base_url)}`",
    "variable with the key": lambda preset, card: (
        f"`{card.api_key_env}`" if card.api_key_env else "no key"
    ),
    "answers per request": lambda preset, card: str(card.able.choices),
    "seeds": lambda preset, card: _seeds(card),
    "temperatures": lambda preset, card: _temperatures(card),
    "stop sequences": lambda preset, card: "yes" if card.able.stop else "no",
    "levels of thinking": lambda preset, card: (
        ", ".join(card.able.thinking) or "if the card says how"
    ),
    "log-probabilities": lambda preset, card: _up_to(card.able.top_logprobs),
    "exact readout": lambda preset, card: _exact(card),
    "structured answers": lambda preset, card: (
        "yes" if card.able.structured else "if the card says so"
    ),
    "batches": lambda preset, card: "yes" if preset.batches else "no",
}
"""What the table of a page tells of each provider."""


def provider_pages() -> dict[str, str]:
    """The text of each page by its path."""
    return {f"docs/provider-{family.name}.md": _page(family) for family in FAMILIES}


def _page(family: Family) -> str:
    first = family.providers[0]
    table = _table(family.providers)
    alone = len(family.providers) == 1
    lines = [line for name in family.providers for line in _section(name, alone)]
    sections = "\n".join(lines).rstrip()
    spaces = " " * (len(f"emoalign show provider {first}    ") - len("emoalign check --ask"))
    return _PAGE.format(
        title=family.title,
        introduction=family.introduction,
        preset=_PRESET,
        provider=first,
        model=family.model,
        keys=family.keys,
        spaces=spaces,
        table=table,
        sections=sections,
    )


def _table(names: Sequence[str]) -> str:
    presets = [preset_of(name) for name in names]
    head = [f"| `provider` | {' | '.join(f'`{name}`' for name in names)} |"]
    rule = [f"|{'---|' * (len(names) + 1)}"]
    rows = [
        f"| {row} | {' | '.join(said(preset, _card(preset)) for preset in presets)} |"
        for row, said in ROWS.items()
    ]
    return "\n".join([*head, *rule, *rows])


def _section(name: str, alone: bool) -> Iterator[str]:
    preset = preset_of(name)
    yield f"## {'Good to know' if alone else preset.title}\n"
    cards = ", ".join(_priced(card, model) for card, model in cards_of(name))
    priced = ", with US dollars per million tokens of prompts / of answers" * ("(" in cards)
    yield from ([f"* Included cards{priced}: {cards}."] if cards else [])
    yield from ([f"* Models that end or have ended: {_ends(preset)}."] if preset.ends else [])
    yield from (f"* {_marked(note)}" for note in preset.notes)
    if preset.unverified:
        yield f"* *Unverified:* {' '.join(map(_marked, preset.unverified))}"
    yield f"* Source: {preset.source} ({preset.as_of}).\n"


def preset_of(name: str) -> Provider:
    """The included preset of a provider."""
    return read_card(CATALOGUE / PROVIDERS / f"{name}.yaml", Provider)


def cards_of(provider: str) -> list[tuple[str, ApiModel]]:
    """The included cards of a provider, by name; those with its address are its own too."""
    address = _card(preset_of(provider)).base_url.rstrip("/")
    found = []
    for path in sorted(CATALOGUE.glob("models/*.yaml")):
        card = read_card(path, MODELS)
        if isinstance(card, ApiModel) and (
            card.provider == provider
            or (card.provider is None and card.base_url.rstrip("/") == address)
        ):
            found.append((path.stem, card))
    return found


def _card(preset: Provider) -> ApiModel:
    card = preset.of("a-model")
    if not isinstance(card, ApiModel):
        raise TypeError(f"{preset.title} is not a provider of models behind an API")
    return card


def _priced(name: str, card: ApiModel) -> str:
    """A card with its prices, if it is not free, and its end, if that is known."""
    if card.prices is None or card.prices.input_usd == card.prices.output_usd == 0:
        return f"`{name}`"
    ends = f", until {card.retires}" if card.retires else ""
    return f"`{name}` ({card.prices.input_usd:.2f} / {card.prices.output_usd:.2f}{ends})"


def _ends(preset: Provider) -> str:
    """The models that are switched off, with their days."""
    return "; ".join(
        f"{', '.join(f'`{name}`' for name in names)} ({day})" for day, names in preset.ends.items()
    )


def _seeds(card: ApiModel) -> str:
    said = card.capabilities
    return f"`{said.seed_name}` of {said.seed_bits} bits" if said.seed_bits else "no"


def _up_to(number: int) -> str:
    return f"up to {number}" if number else "no"


def _exact(card: ApiModel) -> str:
    if card.able.along_replies:
        return "at temperature 1"
    return "yes" if card.able.top_logprobs else "no"


def _temperatures(card: ApiModel) -> str:
    able = card.able.temperature
    return "none: the provider's own" if able is None else f"{able.min:g} to {able.max:g}"


def _marked(text: str) -> str:
    """A note in Markdown: what is not code has nothing in it that would be taken for markup."""
    parts = text.split("`")
    parts[::2] = [part.replace("<", "&lt;").replace("_", r"\_") for part in parts[::2]]
    return "`".join(parts)
