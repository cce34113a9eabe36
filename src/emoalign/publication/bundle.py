"""Writing the bundle of a study: all files, or none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

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
from emoalign.publication.origin import read_manifest
from emoalign.publication.publication_job import PublicationJob
from emoalign.publication.readme import readme
from emoalign.tables import ALIGNMENT, inert

SUMS = "SHA256SUMS"
_R_SCRIPT = Path(__file__).with_name("read.R")


@dataclass(frozen=True)
class Results:
    """Files of a study that a bundle is made of; those of datasets by name.

    `agreement` is the table `statistics/alignment`, `preregistration` the frozen text; None where
    there is none.
    """

    manifest: Path
    stimuli: Mapping[str, Path]
    items: Mapping[str, Path]
    ratings: Mapping[str, Sequence[Path]]
    agreement: Path | None = None
    preregistration: Path | None = None


def write_publication(job: PublicationJob, results: Results, output: Path) -> None:
    """Write the bundle into the folder `output`, which appears whole or not at all.

    The same results give the same bytes. Raises DataError where a file is damaged.
    """
    with _whole(output) as folder:
        contents = Contents(
            job,
            list(_tables(job, results, folder)),
            read_manifest(results.manifest, prompts=not job.hides_examples),
            None if results.agreement is None else ALIGNMENT.read(results.agreement),
            _notes(job),
        )
        inert(codebook(contents)).to_csv(folder / "codebook.csv", index=False, lineterminator="\n")
        _write(folder, "manifest.json", _json(contents.manifest))
        for name, content in job.configuration.items():
            _write(folder, f"configuration/{name}", as_yaml(content))
        if results.preregistration is not None:
            shutil.copyfile(results.preregistration, folder / "preregistration.md")
        shutil.copyfile(_R_SCRIPT, folder / "read.R")
        _write(folder, "LICENSE.txt", licence_text(contents))
        _write(folder, "CITATION.cff", as_yaml(citation_file(contents)))
        _write(folder, "README.md", readme(contents))
        for name in job.restricted:
            require_absent(results.stimuli[name], job.datasets[name].title, folder)
        data = {file.path: file for file in files(folder)}
        _write(folder, "datapackage.json", _json(datapackage(contents, data)))
        _write(folder, "croissant.json", _json(croissant(contents, data)))
        crate = research_object.research_object(contents, files(folder), [SUMS])
        _write(folder, research_object.NAME, _json(crate))
        sums = [f"{file.sha256}  {file.path}\n" for file in files(folder)]
        _write(folder, SUMS, "".join(sums))


def _tables(job: PublicationJob, results: Results, folder: Path) -> Iterator[DataTable]:
    for name, card in job.datasets.items():
        if "items" in job.include:
            yield item_table(name, card, results.items[name], results.stimuli[name], folder)
        if "ratings" in job.include:
            yield rating_table(name, card, results.ratings[name], folder)


def _notes(job: PublicationJob) -> list[str]:
    """Sentences about what is left out."""
    restricted = ", ".join(job.datasets[name].title for name in job.restricted)
    notes = [
        f"The terms of {restricted} do not allow to pass on items and human ratings: the bundle "
        "has their ids and the numbers of models. Nothing that was fitted to these human ratings "
        "is in it."
    ]
    examples = (
        "Demonstrations and practice are left out of the prompt sets in `configuration/`, and a "
        "preregistration would quote them: they may be items that may not be passed on."
    )
    return [*(notes if restricted else []), *([examples] if job.hides_examples else [])]


def _write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _json(content: Mapping[str, object]) -> str:
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


@contextmanager
def _whole(output: Path) -> Iterator[Path]:
    """A folder to write to; it takes the place of `output` when the block ends without an error."""
    partial = output.with_name(f".{output.name}.{os.getpid()}.partial")
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
