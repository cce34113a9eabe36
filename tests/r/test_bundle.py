"""The R script of a bundle: every table, with words that stay words, by base R alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pandas as pd
import pytest

from tests.kit.published import OPEN, bundle

SAID = """
source("read.R")
tables <- read_tables()
items <- tables[["open-items"]]
stopifnot(is.character(items$word), is.numeric(items$mean), is.integer(items$n_ok))
norms <- tables[["open-norms"]]
stopifnot(is.numeric(norms$Valence.M), setequal(norms$Word, items$word), anyNA(norms$Valence.flags))
stopifnot(is.logical(tables[["open-estimates"]]$rated), sum(tables[["open-estimates"]]$rated) == 17)
stopifnot(is.na(items$mean_low), !is.na(items$word))
write.csv(data.frame(table = names(tables), rows = sapply(tables, nrow)), "rows.csv")
write.table(items$word, "words.txt", row.names = FALSE, col.names = FALSE, quote = FALSE,
            fileEncoding = "UTF-8")
"""


@pytest.mark.r
def test_r_reads_every_table_and_keeps_every_word(tmp_path: Path) -> None:
    made = bundle(tmp_path)
    ran = subprocess.run(
        ["Rscript", "-e", SAID], cwd=made, capture_output=True, encoding="utf-8", check=False
    )
    assert ran.returncode == 0, ran.stderr
    rows = dict(pd.read_csv(made / "rows.csv")[["table", "rows"]].to_numpy())
    assert rows == {path.stem: len(pd.read_parquet(path)) for path in made.glob("data/*.parquet")}
    assert set((made / "words.txt").read_text(encoding="utf-8").splitlines()) == set(OPEN)
    alone = subprocess.run(["Rscript", "read.R"], cwd=made, capture_output=True, text=True)
    assert "secret-ratings: 76 rows" in alone.stdout
