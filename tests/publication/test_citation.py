"""CITATION.cff: the file fits the schema of the Citation File Format 1.2.0."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from emoalign.publication.licences import NAMED


def test_the_file_fits_the_schema(bundle: Path) -> None:
    from ruamel.yaml import YAML

    schema = json.loads((files("cffconvert") / "schemas/1.2.0/schema.json").read_text("utf-8"))
    citation = YAML(typ="safe").load(bundle / "CITATION.cff")
    checker = jsonschema.FormatChecker()
    jsonschema.validate(citation, schema, format_checker=checker)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**citation, "license": "see paper"}, schema)
    assert [author["family-names"] for author in citation["authors"]] == ["Röe", "Wu"]
    assert {each["title"] for each in citation["references"]} == {
        "emoalign",
        "Lists of Words",
        "Norms of Words: open",
        "Norms of Words: secret",
    }
    [origin] = [each for each in citation["references"] if each["title"] == "Lists of Words"]
    body, jones = origin["authors"]
    assert (body, jones["family-names"]) == ({"name": "Ministry of Words"}, "Jones")
    assert (origin["type"], origin["year"], "doi" in origin) == ("report", 1999, False)


def test_every_licence_that_is_named_is_one_of_the_schema() -> None:
    schema = json.loads((files("cffconvert") / "schemas/1.2.0/schema.json").read_text("utf-8"))
    known = schema["definitions"]["license-enum"]["enum"]
    assert set(known) >= NAMED
