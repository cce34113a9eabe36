"""Estimated norms in a bundle: as they were estimated, as people file them, and as a workbook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.estimates.codebook import codebook
from emoalign.analyses.estimates.filed import FOLDER, FiledDataset
from emoalign.analyses.estimates.methods import methods
from emoalign.analyses.estimates.wide import Sources, wide_table
from emoalign.analyses.estimates.workbook import write_xlsx
from emoalign.publication.data_tables import DataTable, write_table
from emoalign.publication.publication_job import PublicationJob, PublishedDataset
from emoalign.study.scales import OrdinalScale
from emoalign.tables import ESTIMATES, ESTIMATION, ESTIMATION_WEIGHTS, Column, read_parquet

_TYPES: Mapping[str, pa.DataType] = {
    "text": pa.string(),
    "number": pa.float64(),
    "integer": pa.int64(),
}


def norm_tables(
    job: PublicationJob, name: str, results: AnalysisFiles, to: Path
) -> Iterator[DataTable]:
    """Write the estimated norms of a dataset that may be passed on; `to` is the bundle's folder."""
    filed = filed_dataset(job.datasets[name])
    estimates = results.by_dataset(FOLDER)[name]
    wide = wide_table(filed, Sources.read(estimates, results.tables_of(name)))
    book = codebook(name, filed, wide, job.coverage)
    labels = dict(zip(book["variable"], book["label"], strict=True))
    columns = [Column(each.name, _TYPES[each.type], labels[each.name]) for each in wide.variables]
    schema = pa.schema([(column.name, column.type) for column in columns])
    rows = [pa.Table.from_pandas(wide.rows, schema=schema, preserve_index=False)]
    described = book.drop(columns="dataset")
    table = write_table(
        f"{name}-norms", name, "an item, with columns for each scale", columns, rows, to
    )
    estimation, weights = results.table(ESTIMATION), results.table(ESTIMATION_WEIGHTS)
    told = methods(name, filed, estimation, weights, job.coverage)
    write_xlsx(wide.rows, described, told, to / job.workbook(name))
    yield table.with_codebook(described)
    long = [read_parquet(estimates)]
    yield write_table(f"{name}-estimates", name, ESTIMATES.row, ESTIMATES.columns, long, to)


def filed_dataset(card: PublishedDataset) -> FiledDataset:
    """A dataset as files of norms tell of it."""
    return FiledDataset(
        title=card.title,
        modality=card.modality,
        licence=card.licence,
        citation=card.citation,
        redistribute=card.redistribute,
        scales={
            name: scale for name, scale in card.scales.items() if isinstance(scale, OrdinalScale)
        },
    )
