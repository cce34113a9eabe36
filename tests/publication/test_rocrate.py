"""RO-Crate: all files are parts of the crate, with their checksums."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rocrate import rocrate as crates

METADATA = "ro-crate-metadata.json"
SUMS = "SHA256SUMS"


def test_the_crate_can_be_read_and_says_what_it_is(bundle: Path) -> None:
    crate = crates.ROCrate(bundle)
    root = crate.root_dataset
    assert crate.metadata["conformsTo"] == "https://w3id.org/ro/crate/1.2"
    assert all(root[key] for key in ("name", "description", "datePublished"))
    assert root["license"]["identifier"] == "CC-BY-4.0"
    assert [person["name"] for person in root["author"]] == ["Jo Ann Röe", "Li Wu"]


def test_every_file_is_a_part_with_its_checksum(bundle: Path) -> None:
    parts = {part.id: part for part in crates.ROCrate(bundle).root_dataset["hasPart"]}
    there = {
        path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file()
    } - {METADATA}
    assert set(parts) == there
    for name in there - {SUMS}:
        assert parts[name]["sha256"] == hashlib.sha256((bundle / name).read_bytes()).hexdigest()


def test_one_action_says_what_was_asked_about_what(bundle: Path) -> None:
    crate = crates.ROCrate(bundle)
    (action,) = crate.get_by_type("CreateAction")
    named = {each["name"]: each for each in action["instrument"]}
    assert named["emoalign"]["version"]
    assert "A recorded model" in named
    assert {each.id for each in action["object"]} == {
        "https://doi.org/10.1002/%28SICI%291097%2819980815%2917%3A15%3C1661%3A%3AAID-968%3E3.0.CO%3B2-2",
        "https://doi.org/10.1234/open",
        "https://doi.org/10.1234/secret",
    }
    assert action["result"].id == "./"
