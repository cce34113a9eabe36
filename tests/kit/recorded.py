"""A table of recorded ratings, its card, and what the rating stage makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from emoalign.elicitation.engines.recorded.recorded_model import RecordedModel
from emoalign.elicitation.rating import RatingJob, rate
from emoalign.errors import DataError
from emoalign.study.reading import validate
from emoalign.tables import RATINGS, STIMULI

SCALE = {"min": 1, "max": 9, "direction": "higher is more positive"}
ITEMS_SHOWN = {"w1": "joy", "w2": "null", "w3": "None", "w4": "NA"}
COLUMNS = {"item": "id", "participant": "who", "rating": "rating"}


class Table:
    """A table of recorded ratings, its card, and the study that uses it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "people.csv"
        self.texts = dict(ITEMS_SHOWN)
        self.images: dict[str, str] = {}
        self.shards: dict[str, str] = {}
        self.job: dict[str, Any] = {"scale": "valence", "range": SCALE, "participants": 20}

    def write(self, content: str | bytes, name: str = "people.csv") -> Table:
        self.file = self.folder / name
        self.file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self

    def card(self, **changes: Any) -> RecordedModel:
        fields = {
            "title": "People",
            "engine": "recorded",
            "source": {"file": str(self.file)},
            "columns": COLUMNS,
            "scale": "valence",
        }
        columns = changes.get("columns", COLUMNS)
        if {"scale", "answers"} & set(columns):
            del fields["scale"]
        return RecordedModel.model_validate(fields | changes)

    def rate(self, shard: str = "0000", **changes: Any) -> pd.DataFrame:
        """The ratings, as the rating stage writes them."""
        card = self.card(**changes)
        stimuli, output = self.folder / "stimuli.parquet", self.folder / "ratings.parquet"
        rows = [
            dict.fromkeys(STIMULI.schema.names)
            | {
                "item_id": item_id,
                "modality": "word",
                "text": text,
                "image_path": self.images.get(item_id),
                "shard": self.shards.get(item_id, "0000"),
            }
            for item_id, text in self.texts.items()
        ]
        STIMULI.write(pd.DataFrame(rows), stimuli)
        job = self.rating_job(card)
        rate([job], card, stimuli, shard, self.folder / "journal", [output])
        return RATINGS.read(output)

    def rating_job(self, card: RecordedModel | None = None) -> RatingJob:
        """The job of the rating stage."""
        scales = self.job.get("scales") or {self.job["scale"]: self.job["range"]}
        return RatingJob.model_validate(
            {
                "model": "people",
                "card": (card or self.card()).answering(),
                "protocol": {
                    "name": "asked",
                    "prompts": "plain",
                    "participants": self.job["participants"],
                    "readouts": self.job.get("readouts", ("sampled",)),
                },
                "prompts": {
                    "kind": "chat",
                    "system": None,
                    "template": "{{ item.text }}",
                    "answer": {"kind": self.job.get("answers", "text"), "max_tokens": 32},
                    "wording": {scale: {"instruction": "Rate."} for scale in scales},
                },
                "dataset": "words",
                "scales": scales,
            }
        )

    def refusal(self, **changes: Any) -> str:
        with pytest.raises(DataError) as error:
            self.rate(**changes)
        return str(error.value)


def csv(*rows: Sequence[object], header: str = "id,who,rating") -> str:
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


def given(rows: pd.DataFrame) -> list[tuple[str, int, float]]:
    rated = rows.dropna(subset=["rating"])
    return list(zip(rated["item_id"], rated["participant"], rated["rating"], strict=True))


COMPLETE = csv(*[(item, who, 5) for item in ITEMS_SHOWN for who in ("ann", "bob")])


def problems_of_card(**changes: Any) -> str:
    card = {
        "title": "People",
        "engine": "recorded",
        "source": {"file": "people.csv"},
        "columns": COLUMNS,
        "scale": "valence",
    }
    content = {key: value for key, value in {**card, **changes}.items() if value is not None}
    return "\n".join(validate(RecordedModel, content, "people.yaml")[1])
