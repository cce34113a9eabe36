"""manifest.json: how the results of a bundle came about, as far as that may be passed on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from emoalign.errors import DataError
from emoalign.publication.portable import portable

_PASSED_ON = ("emoalign", "date", "git_commit", "python", "prompt_sha256", "datasets", "packages")
"""Keys that hold no text of an item and nothing of the machine. The study has files of its own."""


def read_manifest(path: Path, *, prompts: bool) -> dict[str, Any]:
    """The part of a study's manifest that is passed on, with or without checksums of prompts: they
    give away an example to whoever knows the rest. Raises DataError where it is damaged."""
    try:
        manifest = orjson.loads(path.read_bytes())
        made = {key: manifest[key] for key in _PASSED_ON}
        made["engines"] = {name: _engine(said) for name, said in manifest["engines"].items()}
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}: incomplete manifest. Delete it and run again: rm '{path}'"
        ) from error
    if not prompts:
        del made["prompt_sha256"]
    passed_on: dict[str, Any] = portable(made)
    return passed_on


def _engine(said: Mapping[str, Any]) -> dict[str, Any]:
    versions = said["settings"].get("versions", {})
    return {"reported": said["reported"], "sampling": said["sampling"], "versions": versions}
