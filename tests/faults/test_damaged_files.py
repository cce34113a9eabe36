"""Files of a study that are not whole, or too many: each a sentence with the file's name."""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emoalign import descriptors
from emoalign.analyses.variance.analysis import DecompositionJob, Varied
from emoalign.errors import DataError, EngineError
from emoalign.items.aggregation import aggregate
from emoalign.items.item_jobs import AggregationJob
from emoalign.planning.loading import load_study
from emoalign.planning.rules import Files
from emoalign.report.answers import _COUNTS, _asked
from emoalign.study.reading import read_yaml
from emoalign.study.scales import HumanScale
from emoalign.tables import ALIGNMENT, NORMS, RATINGS, STIMULI, inert, intact, read_parquet
from emoalign.tables.parquet import metadata
from tests.kit.analysing import run
from tests.kit.ratings import item_ids, norms, stimuli
from tests.kit.words import SCALE

ROOT = Path(__file__).parents[2]


def ratings_file(path: Path) -> Path:
    rows = pd.DataFrame(
        {
            **dict.fromkeys(RATINGS.schema.names),
            "model": "tiny",
            "protocol": "sheet",
            "dataset": "mine",
            "scale": "valence",
            "readout": "sampled",
            "item_id": [f"item-{number:03d}" for number in range(2000)],
            "participant": 0,
            "status": "ok",
            "rating": [float(number % 9 + 1) for number in range(2000)],
            "text": [os.urandom(8).hex() for _ in range(2000)],
        },
        columns=RATINGS.schema.names,
    )
    RATINGS.write(rows, path)
    return path


def cut(whole: bytes) -> bytes:
    return whole[: len(whole) // 2]


def empty(whole: bytes) -> bytes:
    return b""


def zeros(whole: bytes) -> bytes:
    return bytes(len(whole))


def overwritten(whole: bytes) -> bytes:
    return (
        whole[:50]
        + bytes(byte ^ 0x5A for byte in whole[50 : len(whole) // 2])
        + whole[len(whole) // 2 :]
    )


def aggregated(broken: Path) -> None:
    scale = HumanScale.model_validate(SCALE.model_dump())
    NORMS.write(norms(), broken.parents[1] / "norms.parquet")
    STIMULI.write(stimuli(item_ids(30)), broken.parents[1] / "stimuli.parquet")
    aggregate(
        AggregationJob(dataset="mine", scales={"valence": scale}),
        [ratings_file(broken.with_name("whole.parquet")), broken],
        broken.parents[1] / "norms.parquet",
        broken.parents[1] / "stimuli.parquet",
        broken.parents[1] / "items.parquet",
    )


def decomposed(broken: Path) -> None:
    job = DecompositionJob(protocols={"sheet": Varied(temperature=1)})
    run(job, "decompose", broken.parents[1])


READ: Mapping[str, Callable[[Path], object]] = {
    "a table": RATINGS.read,
    "some columns": lambda path: read_parquet(path, columns=["text", "rating"]),
    "the items of a study": aggregated,
    "the report": lambda path: _asked(_COUNTS, [path]),
    "a variance": decomposed,
}


@pytest.mark.parametrize("damage", [cut, empty, zeros, overwritten])
@pytest.mark.parametrize("read", READ)
def test_a_file_of_the_study_that_is_not_whole_is_told_with_what_to_do(
    read: str, damage: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = tmp_path / "ratings/0000.parquet"
    path.parent.mkdir()
    path.write_bytes(damage(ratings_file(path).read_bytes()))
    with pytest.raises(DataError) as error:
        READ[read](path)
    assert str(error.value).startswith(f"{path}: incomplete Parquet file (")
    assert str(error.value).endswith(f"read from the journal: rm '{path}'")


def test_the_notes_in_a_file_that_is_not_whole_are_told_too(tmp_path: Path) -> None:
    path = ratings_file(tmp_path / "0000.parquet")
    path.write_bytes(cut(path.read_bytes()))
    with pytest.raises(DataError, match="incomplete Parquet file"):
        metadata(path)


def test_whole_files_are_blamed_for_nothing(tmp_path: Path) -> None:
    path = ratings_file(tmp_path / "0000.parquet")
    with pytest.raises(ZeroDivisionError), intact([path]):
        1 / 0  # noqa: B018


def test_a_table_of_another_version_is_told_with_what_to_do(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"delete it and run again \(rm '.*a\.parquet'\)"):
        RATINGS.read(tmp_path / "a.parquet")


def test_a_broken_list_of_shards_is_told(tmp_path: Path) -> None:
    content, _ = read_yaml(ROOT / "config/config.yaml")
    files = Files(load_study(content, ROOT / "config"), "results/default")
    shards = tmp_path / "vader.shards.json"
    for broken in (b"", b'["00', b"{}", b"[1]"):
        shards.write_bytes(broken)
        with pytest.raises(DataError, match=r"vader\.shards\.json.*rm '"):
            files.ratings("vader", shards)


# Too few open files


FEW_FILES = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_NOFILE, (40, int(sys.argv[2])))
from emoalign.report.answers import _COUNTS, _asked
from emoalign.stage import stage
with stage(sys.argv[1] + "/log"):
    files = sorted(Path(sys.argv[1]).glob("*.parquet"))
    print(int(_asked(_COUNTS, files)["answers"].sum()))
"""


def with_few_files(folder: Path, most: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", FEW_FILES, str(folder), str(most)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )


def test_more_files_than_a_process_may_open_are_read_or_told_in_a_sentence(tmp_path: Path) -> None:
    first = ratings_file(tmp_path / "0.parquet")
    for number in range(1, 100):
        os.link(first, tmp_path / f"{number}.parquet")
    raised = with_few_files(tmp_path, 400)
    assert raised.returncode == 0, raised.stderr
    assert raised.stdout.strip() == str(100 * 2000)
    refused = with_few_files(tmp_path, 40)
    assert refused.returncode == 1
    told = refused.stderr + (tmp_path / "log").read_text(encoding="utf-8")
    assert "Traceback" not in told
    assert "needs 100 files or connections open at once" in told
    assert "ulimit -n 1024" in told


def test_more_connections_than_a_process_may_open_are_told_before_anything_is_asked() -> None:
    content, _ = read_yaml(ROOT / "config/config.yaml")
    study = load_study(content, ROOT / "config")
    model = study.models["smollm2-135m"]
    many = model.model_copy(
        update={"limits": model.limits.model_copy(update={"concurrency": 200})}  # type: ignore[attr-defined]
    )
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        with pytest.raises(EngineError, match=r"concurrency: 200 .* ulimit -n 1024"):
            many.ask([], None)  # type: ignore[attr-defined]
        assert descriptors.too_few(4) is None
        descriptors.allow_all()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# Cells that a spreadsheet would carry out


@pytest.mark.parametrize("mark", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_cell_of_a_csv_that_begins_like_a_formula_is_inert(mark: str, tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {
            **dict.fromkeys(ALIGNMENT.schema.names),
            "model": [f"{mark}HYPERLINK(1)", "a-model", None],
            "pearson_r": [-0.5, np.nan, 0.25],
            "n_items": [1, 2, 3],
        },
        columns=ALIGNMENT.schema.names,
    )
    rows = (
        ALIGNMENT.schema.empty_table()
        .to_pandas()
        .reindex(range(3))
        .assign(model=rows["model"], pearson_r=rows["pearson_r"])
    )
    ALIGNMENT.write_csv(rows, tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        first, second, _ = csv.DictReader(file)
    assert first["model"] == f"'{mark}HYPERLINK(1)"
    assert second["model"] == "a-model"
    assert float(first["pearson_r"]) == -0.5
    assert inert(rows)["model"].tolist()[:2] == [f"'{mark}HYPERLINK(1)", "a-model"]
    assert rows["model"][0] == f"{mark}HYPERLINK(1)"
