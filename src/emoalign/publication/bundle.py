"""Writing the bundle of a study: all files, or none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import orjson

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.disks import writing
from emoalign.publication import research_object
from emoalign.publication.absence import require_absent
from emoalign.publication.citation_file import citation_file
from emoalign.publication.codebook import codebook
from emoalign.publication.configuration import as_yaml
from emoalign.publication.contents import Contents, files
from emoalign.publication.croissant import croissant
from emoalign.publication.data_tables import DataTable, item_table, rating_table
from emoalign.publication.datapackage import datapackage
from emoalign.publication.licence_text import licence_text
from emoalign.publication.norm_tables import norm_tables
from emoalign.publication.origin import read_manifest
from emoalign.publication.publication_job import PublicationJob
from emoalign.publication.readme import readme
from emoalign.tables import ALIGNMENT, ESTIMATION, inert

SUMS = "SHA256SUMS"
_R_SCRIPT = Path(__file__).with_name("read.R")


def write_publication(job: PublicationJob, results: AnalysisFiles, output: Path) -> None:
    """Write the bundle into the folder `output`, which appears whole or not at all.

    The same results give the same bytes. Raises DataError where a file is damaged.
    """
    with _whole(output) as folder:
        contents = Contents(
            job,
            list(_tables(job, results, folder)),
            read_manifest(results.folder / "manifest.json", prompts=not job.names_items),
            results.table(ALIGNMENT) if results.has(ALIGNMENT) else None,
            results.table(ESTIMATION) if job.estimated else None,
            _notes(job),
        )
        book = inert(codebook(contents))
        book.to_csv(folder / "codebook.csv", index=False, lineterminator="\n")
        _write(folder, "manifest.json", _json(contents.manifest))
        for name, content in job.configuration.items():
            _write(folder, f"configuration/{name}", as_yaml(content))
        if job.preregistered:
            [frozen] = [path for path in results.inputs if path.suffix == ".md"]
            shutil.copyfile(frozen, folder / "preregistration.md")
        shutil.copyfile(_R_SCRIPT, folder / "read.R")
        _write(folder, "LICENSE.txt", licence_text(contents))
        _write(folder, "CITATION.cff", as_yaml(citation_file(contents)))
        _write(folder, "README.md", readme(contents))
        for name in job.restricted:
            stimuli = results.by_dataset("stimuli")[name]
            require_absent(stimuli, job.datasets[name].title, folder)
        _describe(contents, folder)


def _describe(contents: Contents, folder: Path) -> None:
    """Write the files that name all others, with their sizes and checksums."""
    data = {file.path: file for file in files(folder)}
    _write(folder, "datapackage.json", _json(datapackage(contents, data)))
    _write(folder, "croissant.json", _json(croissant(contents, data)))
    crate = research_object.research_object(contents, files(folder), [SUMS])
    _write(folder, research_object.NAME, _json(crate))
    _write(folder, SUMS, "".join(f"{file.sha256}  {file.path}\n" for file in files(folder)))


def _tables(job: PublicationJob, results: AnalysisFiles, folder: Path) -> Iterator[DataTable]:
    for name, card in job.datasets.items():
        if name in job.estimated:
            yield from norm_tables(job, name, results, folder)
        if "items" in job.include:
            yield item_table(name, card, results.tables_of(name), folder)
        if "ratings" in job.include:
            # ratings/<model>/<protocol>/<dataset>/<scale>/<shard>.parquet
            every = results.below("ratings", ".parquet")
            ratings = [path for path in every if path.parts[-3] == name]
            requests = not job.names_items
            yield rating_table(name, card, ratings, folder, requests=requests)


def _notes(job: PublicationJob) -> list[str]:
    """Sentences about what is left out."""
    restricted = ", ".join(job.datasets[name].title for name in job.restricted)
    notes = [
        f"The terms of {restricted} do not allow passing on items and human ratings: the bundle "
        "has their ids and the numbers of models. Nothing that was fitted to these human ratings "
        "is in it."
    ]
    named = (
        "What may name items that may not be passed on is left out: demonstrations and practice in "
        "prompts, choices of items and recorded rows, and a preregistration, which has them all."
    )
    return [*(notes if restricted else []), *([named] if job.names_items else [])]


def _write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _json(content: Mapping[str, object]) -> str:
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


@contextmanager
def _whole(output: Path) -> Iterator[Path]:
    """A folder to write to; it takes the place of `output` when the block ends without an error.

    Its name is always the same, so that the next run takes away what a power cut has left.
    """
    partial = output.with_name(f".{output.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        with writing(output):
            yield partial
            shutil.rmtree(output, ignore_errors=True)
            partial.rename(output)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
