"""The sections about the study itself: methods, the meaning of the numbers, and the manifest.

The methods are written from the study's configuration, ready for a paper, with an example prompt of
every protocol, dataset and scale.
"""

from __future__ import annotations

import json

import orjson

from emoalign.report.conditions import nothing_asked
from emoalign.report.report_job import is_asked
from emoalign.report.section import Results, Section, View
from emoalign.report.sections.asking_in_words import (
    answers_read,
    models_asked,
    protocols_used,
)
from emoalign.report.sections.example_prompts import example_prompts
from emoalign.report.sections.items_in_words import items_used


def _methods(results: Results) -> View:
    job = results.job
    asked = any(map(is_asked, job.models.values()))
    return View(
        {
            "prompts": example_prompts(results.job, results.stimuli) if asked else [],
            "caveats": [
                (card.title, caveat) for card in job.datasets.values() for caveat in card.caveats
            ],
            "licences": [(card.title, card.licence) for card in job.datasets.values()],
        },
        methods=[
            " ".join(items_used(results)),
            models_asked(results),
            *([" ".join(protocols_used(job))] if asked else []),
            " ".join(answers_read(job)),
        ],
    )


METHODS = Section(id="methods", heading="Methods", label="Methods", view=_methods, about=True)


def _meaning(results: Results) -> View | None:
    """Explains the numbers of scales and of asking; a study with neither needs no such section."""
    job = results.job
    scales = any(card.scales for card in job.datasets.values())
    return View({}) if scales or not nothing_asked(job) else None


MEANING = Section(
    id="meaning", heading="What the numbers mean", label="Meaning", view=_meaning, about=True
)


def _manifest(results: Results) -> View:
    noted = orjson.loads((results.folder / "manifest.json").read_bytes())
    manifest = json.dumps(noted, indent=2, ensure_ascii=False)
    version, commit = noted["emoalign"], noted["git_commit"]
    return View({"manifest": manifest, "version": version, "commit": commit})


MANIFEST = Section(id="manifest", heading="Manifest", label="Manifest", view=_manifest, about=True)
