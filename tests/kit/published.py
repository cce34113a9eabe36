"""A published study: one dataset that may be passed on and one that may not, rated before.

`python -m tests.kit.published FOLDER` writes its bundle, for tests in another environment.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.elicitation.rating import rate
from emoalign.items.aggregation import aggregate
from emoalign.planning.jobs import Jobs, reported
from emoalign.planning.loading import load_study
from emoalign.planning.published import published
from emoalign.planning.rules import Files
from emoalign.planning.studies import LoadedStudy
from emoalign.publication.bundle import write_publication
from emoalign.publication.publication_job import PublicationJob
from emoalign.report.manifest import write_manifest
from emoalign.stimuli.preparation import prepare
from emoalign.study.reading import read_yaml
from emoalign.tables import ESTIMATES, ESTIMATION, ESTIMATION_WEIGHTS, NORMS, STIMULI, Table

OPEN = (
    *("NA", "TRUE", "null", "1e5", "=SUM(A1:A9)", "-joy", "+1", "@home", "'tis", "007", "None"),
    *('quo"te', "com,ma", "semi;colon", "Ärger", "喜び", "nan", "love", "calm", "fear"),
)
"""Words that spreadsheets, CSV and readers of it take for something else."""

UNRATED = ("null", "love", "calm")

SECRET = tuple(
    f"{first}{second}"
    for first in ("zorv", "quélb", "mixu")
    for second in ("ulan", "opse", "itra", "emmow", "aggup", "innyf")
)
SHOWN = "zorvexample"
"""A word of the restricted dataset that a prompt shows as an example."""

HIDDEN = (*SECRET, SHOWN)

PUBLICATION: dict[str, Any] = {
    "licence": "CC-BY-4.0",
    "version": "1.2.0",
    "creators": [
        {
            "given": "Jo Ann",
            "family": "Röe",
            "orcid": "0000-0002-1825-0097",
            "affiliation": "University of X",
        },
        {"given": "Li", "family": "Wu"},
    ],
    "keywords": ["valence", "norms"],
}
CITATION = """\
@article{{{key},
  author  = {{Roe, Jo and M{{\\"u}}ller, Ann}},
  title   = {{Norms of {{Words}}: {key}}},
  journal = {{Journal}},
  volume  = {{4}},
  year    = {{2020}},
  doi     = {{10.1234/{key}}}
}}
"""
ORIGIN = """\
@techreport{origin,
  author      = "{Ministry of Words} and Jones, K. and others",
  title       = {Lists of {Words}},
  institution = {Ministry},
  year        = 1999,
  doi         = {http://dx.doi.org/10.1002/(SICI)1097(19980815)17:15<1661::AID-968>3.0.CO;2-2}
}
"""
"""What the open words were taken from: a body, a bare year, and a DOI of the old kind."""


def _card(name: str, title: str, redistribute: bool, licence: str) -> dict[str, Any]:
    return {
        "title": title,
        "modality": "word",
        "source": {
            "reader": "table",
            "table": {"file": f"resources/{name}.csv"},
            "id": "word" if name == "secret" else "number",
            "text": "word",
            "na_values": [""],
            "scales": {"valence": {"mean": "m", "sd": "s", "n": "n"}},
        },
        "keep": ".*" if redistribute else f"(?!{SECRET[0]}no).*",
        "scales": {"valence": {"min": 1, "max": 9, "direction": "higher is more positive"}},
        "licence": licence,
        "citation": (ORIGIN if redistribute else "") + CITATION.format(key=name),
        "redistribute": redistribute,
        "obtain": "Ask for it.",
    }


def write_files(folder: Path, **changes: Any) -> None:
    """The files of the study in a folder; `changes` are to its keys, of which None is left out."""
    words = {"open": OPEN, "secret": HIDDEN}
    rng = np.random.default_rng(5)
    (folder / "resources").mkdir(parents=True)
    answers = []
    for name, texts in words.items():
        means = rng.uniform(1.5, 8.5, len(texts)).round(6)
        rows = pd.DataFrame({"number": range(len(texts)), "word": texts, "m": means, "s": 1.37})
        rows = rows.assign(n=23).astype({"n": object})
        if name == "open":
            rows.loc[rows["word"].isin(UNRATED), ["m", "s", "n"]] = None
        rows.to_csv(folder / f"resources/{name}.csv", index=False)
        for word, mean in zip(texts, means, strict=True):
            said = [f"{np.clip(round(mean) + step, 1, 9)}" for step in (-1, 0, 1)]
            said.append(f"I would say {word} is a {round(mean)}")
            answers += [
                {"dataset": name, "word": word, "person": person, "answer": answer}
                for person, answer in enumerate(said)
            ]
    pd.DataFrame(answers).to_csv(folder / "resources/recorded.csv", index=False)
    _write(folder, "datasets/open", _card("open", "Open words", True, "CC-BY-4.0"))
    _write(folder, "datasets/secret", _card("secret", "Secret words", False, "see paper"))
    model = {
        "title": "A recorded model",
        "engine": "recorded",
        "source": {"file": str(folder / "resources/recorded.csv")},
        "columns": {"text": "word", "participant": "person", "answer": "answer"},
        "scale": "valence",
        "only": {"dataset": ["open", "secret", SECRET[1]]},
        "na_values": [""],
    }
    _write(folder, "models/recorded", model)
    instruction = {
        "instruction": "How do you feel?",
        "written_for": {"min": 1, "max": 9},
        "demonstrations": [{"text": SHOWN, "rating": 4}],
    }
    prompts = {
        "title": "Prompts",
        "kind": "chat",
        "template": "{{ instruction }}\n{% for d in demonstrations %}{{ d.text }}: {{ d.rating }}"
        "\n{% endfor %}{{ item.text }}:",
        "answer": {"kind": "text"},
        "scales": {"valence": instruction},
    }
    _write(folder, "prompts/asked", prompts)
    study = {
        "study": "shared",
        "title": "Words: rated",
        "seed": 3,
        "models": ["recorded"],
        "datasets": [{"dataset": "open"}, {"dataset": "secret"}],
        "protocols": [{"name": "asked", "prompts": "asked", "participants": "all"}],
        "data_mirror": str(folder / "mirror"),
        "estimates": {},
        "statistics": {"bootstrap_resamples": 200, "split_halves": 20},
        "publication": PUBLICATION,
    }
    written = {key: value for key, value in (study | changes).items() if value is not None}
    _write(folder, "study", written)


def _write(folder: Path, name: str, content: Mapping[str, Any]) -> None:
    path = folder / f"config/{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as stream:
        YAML(typ="safe").dump(dict(content), stream)


def loaded_study(folder: Path) -> LoadedStudy:
    """The study in a folder, loaded. Raises StudyError where it is wrong."""
    content, problems = read_yaml(folder / "config/study.yaml")
    assert not problems
    return load_study(content, folder / "config")


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def results(folder: Path, loaded: LoadedStudy) -> AnalysisFiles:
    """The results of the study, made as the rules of the workflow make them."""
    jobs, files = Jobs(loaded), Files(loaded, "results")
    made = folder / "results"
    with _inside(folder):
        stimuli, ratings = {}, {}
        for name in loaded.datasets:
            stimuli[name] = made / f"stimuli/{name}.parquet"
            norms, shards = made / f"norms/{name}.parquet", made / f"stimuli/{name}.shards.json"
            prepare(jobs.prepare(name), stimuli[name], norms, shards)
            ratings[name] = [folder / path for path in files.ratings(name, shards)]
            [job] = jobs.rate_together("recorded", "asked", name)
            model = loaded.models["recorded"]
            rate([job], model, stimuli[name], "0000", made / "journal", ratings[name])
            items = made / f"items/{name}.parquet"
            aggregate(jobs.aggregate(name), ratings[name], norms, stimuli[name], items)
        manifest = made / "manifest.json"
        every = [path for paths in ratings.values() for path in paths]
        write_manifest(reported(loaded), every, list(stimuli.values()), manifest)
        _write_estimates(made)
    frozen = (folder / "config").glob("preregistrations/*.md")
    return AnalysisFiles(made, [*AnalysisFiles.within(made).inputs, *frozen])


def _write_estimates(made: Path) -> None:
    """Estimates of both datasets, as somebody might have got them."""
    numbers = {"mean": 5.123456, "low": 3.5, "high": 6.75, "sd": 1.25}
    for name in ("open", "secret"):
        path = made / f"norms/{name}.parquet"
        if path.exists():
            rated = set(NORMS.read(path).dropna(subset=["mean"])["item_id"])
            ids = sorted(STIMULI.read(made / f"stimuli/{name}.parquet")["item_id"])
            rows = pd.DataFrame({"item_id": ids, "dataset": name, "scale": "valence", **numbers})
            rows["rated"] = rows["item_id"].isin(rated)
            rows["flags"] = [["cut", "far"] if item_id in rated else [] for item_id in ids]
            rows["region"], rows["to_rate"] = 1, ~rows["rated"]
            ESTIMATES.write(whole(ESTIMATES, rows), made / f"estimates/{name}.parquet")
    quality = {"n_rated": 17, "n_unrated": 3, "n_clusters": 17, "r": 0.81, "r_low": 0.7}
    quality |= {"r_high": 0.9, "rmse": 0.9, "coverage": 0.88, "width": 3.25}
    row = {"dataset": "open", "scale": "valence", "method": "stack", "region": "all", **quality}
    weight = {"dataset": "open", "scale": "valence", "model": "recorded", "protocol": "asked"}
    for table, content in ((ESTIMATION, row), (ESTIMATION_WEIGHTS, {**weight, "weight": 0.9})):
        table.write(whole(table, pd.DataFrame([content])), made / table.path)


def whole(table: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with all columns of their table, empty where nothing is said."""
    missing = {name: None for name in table.schema.names if name not in rows}
    return rows.assign(**missing)[table.schema.names]


def job(folder: Path) -> PublicationJob:
    """The job of its bundle."""
    with _inside(folder):
        made = published(loaded_study(folder))
    assert made is not None
    return made


def bundle(folder: Path, **changes: Any) -> Path:
    """The bundle of the study, made in a folder."""
    folder = folder.resolve()
    write_files(folder, **changes)
    loaded = loaded_study(folder)
    write_publication(job(folder), results(folder, loaded), folder / "publication")
    return folder / "publication"


if __name__ == "__main__":
    print(bundle(Path(sys.argv[1])))
