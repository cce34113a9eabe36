"""A study of one's own, with its data, that can be preregistered without Snakemake."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.preregistration.compare import compare_with_frozen
from emoalign.planning.analysed import Analyses
from emoalign.planning.jobs import Jobs, reported
from emoalign.planning.loading import load_study
from emoalign.planning.preregistration import Planned, preregister
from emoalign.planning.rules import Files
from emoalign.planning.studies import LoadedStudy
from emoalign.stimuli.preparation import prepare
from emoalign.study.reading import read_yaml
from emoalign.tables import PREREGISTRATION

from .own_study import write_study

WORDS = [f"zyx{letter}word" for letter in "abcdefghijklmnop"]
"""Words that no other text holds."""

RESULTS = Path("results/mine")


class OwnStudy:
    """The study in the folder of this process."""

    frozen = Path("config/preregistrations/mine.json")
    text = Path("config/preregistrations/mine.md")

    def __init__(self) -> None:
        write_study(Path())
        data = Path("resources")
        data.mkdir()
        ratings = [
            {"id": f"w{place:02}", "word": word, "V.Mean": place / 3, "V.SD": 1.5}
            for place, word in enumerate(WORDS)
        ]
        pd.DataFrame(ratings).to_csv(data / "words.csv", index=False)
        more = [{"id": row["id"], "A.Mean": 4} for row in ratings]
        pd.DataFrame(more).to_csv(data / "more.csv", index=False)
        people = [{"id": row["id"], "rating": 5, "person": 1} for row in ratings]
        pd.DataFrame(people).to_csv(data / "students.csv", index=False)

    def change(self, file: str, old: str, new: str) -> None:
        """Replace a text that a file has once."""
        path = Path(file)
        content = path.read_text(encoding="utf-8")
        assert content.count(old) == 1, (file, old)
        path.write_text(content.replace(old, new), encoding="utf-8")

    def loaded(self) -> LoadedStudy:
        """The study as its files are now."""
        content, _ = read_yaml(Path("config/config.yaml"))
        return load_study(content, Path("config"))

    def planned(self) -> Planned:
        """What is known of it, its items prepared anew."""
        loaded = self.loaded()
        analyses, jobs = Analyses(loaded, Files(loaded, str(RESULTS))), Jobs(loaded)
        for name, card in loaded.datasets.items():
            prepare(
                jobs.prepare(name),
                RESULTS / f"stimuli/{name}.parquet",
                RESULTS / f"norms/{name}.parquet",
                RESULTS / f"{name}.shards.json",
                card.files(),
            )
        return Planned(
            job=analyses.registered(),
            ratings=jobs.plan(),
            precision=analyses.precision(),
            report=reported(loaded),
            cards=loaded.models,
            results=RESULTS,
            journal=Path("results/journal"),
        )

    def preregister(self, amend: bool = False, today: str = "2026-11-29") -> None:
        """What the target preregistration does."""
        preregister(self.planned(), amend, today)

    def compared(self) -> pd.DataFrame:
        """The table of keys, by key."""
        compare_with_frozen(self.planned().job, AnalysisFiles.within(RESULTS))
        return PREREGISTRATION.read(RESULTS / "statistics/preregistration.parquet").set_index("key")

    def changed(self) -> list[str]:
        """The keys that differ from what was stated."""
        rows = self.compared()
        return list(rows.index[rows["changed"]])

    def files(self) -> dict[str, bytes]:
        """All files beside the preregistration, by name."""
        folder = self.frozen.parent
        return {path.name: path.read_bytes() for path in folder.iterdir()}
