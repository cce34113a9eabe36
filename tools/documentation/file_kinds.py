"""The kinds of configuration files: what each is for, its entry, its schema and an example."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from emoalign.baselines.baseline_cards import CheckpointBaseline, FinetunedBaseline
from emoalign.elicitation.engines.providers import Provider
from emoalign.elicitation.engines.registry import ENGINES
from emoalign.embeddings.embedding_cards import GgufEmbedding, TransformersEmbedding
from emoalign.planning.studies import STUDY
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.fields import Entry
from emoalign.study.lexicons import SeedLexicon
from emoalign.study.personas import PersonaTable
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocol_cards import ProtocolCard


@dataclass(frozen=True)
class FileKind:
    """A kind of configuration file. `example` is a path in the project, or the text itself."""

    heading: str
    entry: type[Entry]
    schema: str
    files: str
    introduction: str
    example: Path | str

    @property
    def schema_path(self) -> str:
        """The path of the JSON schema of these files, in the project."""
        return f"src/emoalign/catalogue/schemas/{self.schema}.schema.json"


_STUDY_EXAMPLE = """\
# yaml-language-server: $schema=../../src/emoalign/catalogue/schemas/study.schema.json
study: valence-of-words
title: How well do ratings of word valence agree with people's?
seed: 1
models: [smollm2-135m]
datasets:
  - {dataset: vader, scales: [valence], sample: 300}
protocols:
  - {name: rating-sheet, prompts: rating-sheet, participants: 20}
"""

_LEXICON_EXAMPLE = """\
# yaml-language-server: $schema=../schemas/lexicon.schema.json
title: Words of joy and anger
language: en
source: Chosen by ourselves.
seeds:
  joy: [joy, joyful, happy, glad]
  anger: [anger, angry, furious]
"""

KINDS = (
    FileKind(
        "Study",
        STUDY,
        "study",
        "`config/config.yaml` (the default study) and `config/studies/<name>.yaml`",
        "Every model is asked under every protocol about every scale of every dataset. Files are "
        "named without `.yaml`.",
        _STUDY_EXAMPLE,
    ),
    *(
        FileKind(
            card.heading,
            card,
            f"{engine}-model",
            f"`config/models/<name>.yaml` with `engine: {engine}`",
            card.introduction,
            card.example,
        )
        for engine, card in ENGINES.items()
    ),
    FileKind(
        "Provider",
        Provider,
        "provider",
        "`config/providers/<name>.yaml`",
        "[Included providers](add-a-model.md#behind-an-api); copy one with "
        "`emoalign show provider mistral`.",
        Path("src/emoalign/catalogue/providers/mistral.yaml"),
    ),
    FileKind(
        "Dataset card",
        DatasetCard,
        "dataset",
        "`config/datasets/<name>.yaml`",
        "See [included datasets](add-a-dataset.md) and [your own](your-own-dataset.md).",
        Path("src/emoalign/catalogue/datasets/vader.yaml"),
    ),
    FileKind(
        "Protocol of people",
        ProtocolCard,
        "protocol",
        "`config/protocols/<name>.yaml`",
        "A study names it in its list of `protocols`, `- <name>`, or changes some of its keys: "
        "`- {like: <name>, name: short, participants: 5}`. See "
        "[how to ask](how-to-ask.md#like-people-did).",
        Path("src/emoalign/catalogue/protocols/as-emobank.yaml"),
    ),
    FileKind(
        "Prompt set",
        PromptSet,
        "prompts",
        "`config/prompts/<name>.yaml`",
        "Templates are written in "
        "[Jinja2](https://jinja.palletsprojects.com/en/stable/templates/); unknown names are "
        "errors.",
        Path("src/emoalign/catalogue/prompts/instruction.yaml"),
    ),
    FileKind(
        "Persona table",
        PersonaTable,
        "personas",
        "`config/personas/<name>.yaml`",
        "Prompts of the protocol must use `{{ persona }}`.",
        Path("src/emoalign/catalogue/personas/adults.yaml"),
    ),
    FileKind(
        "Seed lexicon",
        SeedLexicon,
        "lexicon",
        "`config/lexicons/<name>.yaml`",
        "Used for [transparency](transparency.md); labels without words are left out.",
        _LEXICON_EXAMPLE,
    ),
    FileKind(
        "Embedding model from a GGUF file",
        GgufEmbedding,
        "gguf-embedding",
        "`config/embeddings/<name>.yaml` with `kind: gguf`",
        "Used [as a baseline](substitution.md#what-else-explains-the-agreement) and for "
        "[transparency](transparency.md). Texts never leave the machine.",
        Path("src/emoalign/catalogue/embeddings/smollm2-135m.yaml"),
    ),
    FileKind(
        "Embedding model from Hugging Face",
        TransformersEmbedding,
        "transformers-embedding",
        "`config/embeddings/<name>.yaml` with `kind: transformers`",
        "Needs the extra `encoder` or `finetune`. Texts never leave the machine.",
        Path("src/emoalign/catalogue/embeddings/all-minilm-l6-v2.yaml"),
    ),
    FileKind(
        "Baseline trained by the study",
        FinetunedBaseline,
        "finetune-baseline",
        "`config/baselines/<name>.yaml` with `kind: finetune`",
        "See [baselines](baselines.md).",
        Path("src/emoalign/catalogue/baselines/roberta-goemotions.yaml"),
    ),
    FileKind(
        "Published classifier",
        CheckpointBaseline,
        "checkpoint-baseline",
        "`config/baselines/<name>.yaml` with `kind: checkpoint`",
        "See [baselines](baselines.md#a-published-classifier).",
        Path("src/emoalign/catalogue/baselines/samlowe-goemotions.yaml"),
    ),
)


def parts(entry: type[Entry]) -> list[type[Entry]]:
    """The entries that `entry` is made of, at any depth, nearest first, each once."""
    found: list[type[Entry]] = []
    waiting = [entry]
    while waiting:
        owner = waiting.pop(0)
        for field in owner.model_fields.values():
            new = [part for part in _entries_within(field.annotation) if part not in found]
            found += new
            waiting += new
    return found


def _entries_within(annotation: Any) -> Iterator[type[Entry]]:
    if isinstance(annotation, type) and issubclass(annotation, Entry):
        yield annotation
    for argument in get_args(annotation):
        yield from _entries_within(argument)


NUMERIC_KEY = r"^[+-]?[0-9]+(\.[0-9]+)?$"


class _Generator(GenerateJsonSchema):
    """As pydantic's own, without titles that only repeat the key, and with numeric keys as such."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        generated = super().dict_schema(schema)
        if schema.get("keys_schema", {}).get("type") == "float":
            generated["propertyNames"] = {"pattern": NUMERIC_KEY}
        if "patternProperties" in generated:
            generated["additionalProperties"] = False
        return generated


def json_schema(kind: FileKind) -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of the files of a kind; keys in the order of the entry."""
    content = kind.entry.model_json_schema(schema_generator=_Generator)
    head = {"$schema": _Generator.schema_dialect, "title": f"{kind.heading} (emoalign)"}
    return head | {key: value for key, value in content.items() if key not in head}


def schema_text(kind: FileKind) -> str:
    """The schema as the text of its file."""
    return json.dumps(json_schema(kind), indent=2, ensure_ascii=False) + "\n"
