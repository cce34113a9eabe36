"""The rule by which seeds of analyses follow from the study."""

from __future__ import annotations

import hashlib
from itertools import product
from pathlib import Path
from typing import get_args

from emoalign.statistics.seeds import Purpose, seed_of

METHODS = Path(__file__).parents[2] / "docs/methods.md"


def test_a_seed_is_a_hash_of_study_dataset_and_purpose() -> None:
    digest = hashlib.sha256(b"3 oasis items").hexdigest()
    assert seed_of(3, "oasis", "items") == int(digest[:14], 16)


def test_studies_datasets_and_purposes_have_seeds_of_their_own() -> None:
    every = [*product((1, 2), ("naps", "oasis"), get_args(Purpose))]
    assert len({seed_of(*parts) for parts in every}) == len(every)


def test_every_purpose_is_documented() -> None:
    rows = METHODS.read_text(encoding="utf-8").splitlines()
    documented = {row.split("`")[1] for row in rows if row.startswith("| `")}
    assert set(get_args(Purpose)) <= documented
