"""Hugging Face: the head of the card is what its library makes of it."""

from __future__ import annotations

from pathlib import Path

import huggingface_hub as hub


def test_the_head_of_the_card_survives_the_library(bundle: Path) -> None:
    card = hub.DatasetCard.load(bundle / "README.md")
    data = card.data
    again = hub.DatasetCardData(**data.to_dict())
    assert again.to_dict() == data.to_dict()
    assert data.license == "cc-by-4.0"
    assert data.language == ["en"]
    assert data.pretty_name == "Words: rated"
    assert data.size_categories == ["n<1K"]
    assert card.text.strip().startswith("# Words: rated")


def test_every_table_is_a_configuration_whose_file_is_there(bundle: Path) -> None:
    configs = hub.DatasetCard.load(bundle / "README.md").data.configs
    paths = [file["path"] for config in configs for file in config["data_files"]]
    assert sorted(paths) == sorted(f"data/{path.name}" for path in bundle.glob("data/*.parquet"))
    assert [config.get("default", False) for config in configs] == [True, *[False] * 5]
