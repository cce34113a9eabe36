"""The YAML on pages of the documentation is YAML, and files are of the kind that they say."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from documentation.file_kinds import KINDS, parts
from emoalign.planning.loading import MODELS
from emoalign.study.fields import Entry
from emoalign.study.library import Library
from emoalign.study.origins import Origin
from emoalign.study.protocol_cards import written_out
from emoalign.study.reading import read_card, validate

ROOT = Path(__file__).parents[2]


def fields(entry: type[Entry]) -> set[str]:
    return set(entry.model_fields)


ENTRY = {kind.schema: kind.entry for kind in KINDS}
BLOCKS = [
    pytest.param(textwrap.dedent(block), id=f"{page.name}-{number}")
    for page in sorted((ROOT / "docs").glob("*.md"))
    for number, block in enumerate(
        re.findall(r"^ *```yaml\n(.*?)^ *```$", page.read_text(encoding="utf-8"), re.S | re.M), 1
    )
]


def read(block: str) -> Any:
    """The content of a block, with something in place of dots that stand for a checksum."""
    return YAML(typ="safe").load(block.replace("sha256: …", f"sha256: {'a' * 64}"))


def schema(file: str, content: dict[str, Any]) -> str:
    """The kind of a file, by its folder and by the key that tells kinds of a folder apart."""
    match Path(file).parent.name:
        case "models":
            return f"{content['engine']}-model"
        case "providers":
            return "provider"
        case "protocols":
            return "protocol"
        case "embeddings":
            return f"{content['kind']}-embedding"
        case "datasets":
            return "dataset"
        case _:
            return "study"


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_of_yaml_can_be_read(block: str) -> None:
    assert read(block) is not None


@pytest.mark.parametrize(
    "block",
    [block for block in BLOCKS if str(block.values[0]).startswith("# config/")],
)
def test_a_file_on_a_page_can_be_used(block: str, tmp_path: Path) -> None:
    content = read(block)
    file = block.split("\n", 1)[0].removeprefix("# ")
    if "provider" in content:
        path = tmp_path / "card.yaml"
        path.write_text(block, encoding="utf-8")
        assert read_card(path, MODELS).title == content["model"]
        return
    assert validate(ENTRY[schema(file, content)], content, file)[1] == []


STUDY: dict[str, Any] = {"study": "s", "title": "T", "seed": 1, "models": ["m"]}
STUDY |= {"datasets": [{"dataset": "d"}], "protocols": [{"name": "p", "prompts": "words"}]}
KEYS = {key for kind in KINDS for part in (kind.entry, *parts(kind.entry)) for key in fields(part)}
OF_THE_PROFILE = {"default-resources", "set-resources", "partitions"}


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if not str(block.values[0]).startswith("# config/")]
)
def test_keys_that_are_shown_alone_are_keys_of_some_file(block: str) -> None:
    content = read(block)
    assert set(content) <= KEYS | OF_THE_PROFILE
    if set(content) <= fields(ENTRY["study"]):
        whole = written_out(STUDY | content, Origin("study"), Library(ROOT / "config"))
        assert validate(ENTRY["study"], whole.content, "study")[1] == []
