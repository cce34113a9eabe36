"""What the numbers mean."""

from __future__ import annotations

from emoalign.report.section import Results, Section, View


def _view(_: Results) -> View:
    return View({})


SECTION = Section(
    id="meaning", heading="What the numbers mean", label="Meaning", view=_view, about=True
)
