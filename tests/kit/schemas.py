"""JSON schemas of the types of providers' own packages."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter


def closed(params: object) -> dict[str, Any]:
    """The type of parameters as a JSON schema that takes no others, at any depth."""

    def close(schema: Any) -> None:
        if isinstance(schema, list):
            for each in schema:
                close(each)
        if isinstance(schema, dict):
            if "properties" in schema:
                schema["additionalProperties"] = False
            for each in schema.values():
                close(each)

    schema = TypeAdapter(params).json_schema()
    close(schema)
    return schema
