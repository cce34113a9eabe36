"""How it was done, written from the study's configuration."""

from __future__ import annotations

from emoalign.report.prompts import example_prompts
from emoalign.report.section import Results, Section, View


def _view(results: Results) -> View:
    return View({"prompts": example_prompts(results)})


SECTION = Section(id="methods", heading="Methods", label="Methods", view=_view)
