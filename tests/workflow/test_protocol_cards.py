"""A study that names a protocol of the project's own, from its file to report and manifest."""

from __future__ import annotations

import orjson
import pytest

from tests.kit.jobs import PAGES
from tests.kit.project import SMALL, Project, new_project
from tests.kit.words import EVIL, words_of

pytestmark = pytest.mark.slow

ASKING = {"prompts": "rating-sheet", "readouts": ["sampled", "exact"], "participants": 3}
CARD = {
    "title": "Words, as rated by us",
    "source": f"{EVIL}, 2026",
    "known": ["There were three raters."],
    "unknown": ["how long they thought"],
    **ASKING,
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A finished study with the protocol as it is in its file, and with fewer participants."""
    project = new_project(tmp_path_factory.mktemp("named"))
    project.write("config/protocols/as-we-did.yaml", CARD)
    fewer = {"like": "as-we-did", "name": "fewer", "participants": 2}
    project.edit(SMALL, models=["model-a"], protocols=["as-we-did", fewer])
    project.run()
    return project


def test_the_report_says_whom_the_protocols_follow(project: Project) -> None:
    page = (project.results / "report.html").read_text(encoding="utf-8")
    assert EVIL not in page
    told = words_of(page)
    assert (
        f"The protocols as-we-did and fewer follow how people were asked ({EVIL}, 2026); fewer has "
        "its own participants. Not known, or different for a model: how long they thought." in told
    )


def test_the_manifest_has_all_that_is_known_of_the_procedure(project: Project) -> None:
    manifest = orjson.loads((project.results / "manifest.json").read_bytes())
    followed = manifest["study"]["followed"]
    assert followed["as-we-did"]["known"] == CARD["known"]
    assert followed["as-we-did"]["like"] == followed["fewer"]["like"] == "as-we-did"
    assert followed["fewer"]["changed"] == ["participants"]


def test_with_its_protocols_written_out_nothing_is_asked_or_computed_again(
    project: Project,
) -> None:
    written = [{"name": "as-we-did", **ASKING}, {"name": "fewer", **ASKING, "participants": 2}]
    project.edit(SMALL, protocols=written)
    assert project.planned() == PAGES
