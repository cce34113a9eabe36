"""Everything one must know to make the same results again."""

from __future__ import annotations

import json

import orjson

from emoalign.report.section import Results, Section, View


def _view(results: Results) -> View:
    noted = orjson.loads((results.folder / "manifest.json").read_bytes())
    manifest = json.dumps(noted, indent=2, ensure_ascii=False)
    return View({"manifest": manifest, "commit": noted["git_commit"]})


SECTION = Section(id="manifest", heading="Manifest", label="Manifest", view=_view, about=True)
