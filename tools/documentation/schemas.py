"""JSON schemas of the configuration files, for editors that complete and check keys."""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from documentation.kinds import FileKind

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
