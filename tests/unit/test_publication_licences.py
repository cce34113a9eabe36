"""Licences of bundles: SPDX identifiers, and none that asks for less than its sources do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from emoalign.errors import StudyError
from emoalign.publication.licences import conflicts, licence, spdx_identifier
from emoalign.publication.settings import Creator, PublicationSettings
from tests.kit.published import PUBLICATION, loaded_study, write_files

ME = {"family": "Roe", "given": "Jo"}


@pytest.mark.parametrize(
    ("text", "spdx"),
    [
        ("CC-BY-4.0", "CC-BY-4.0"),
        ("cc-by-sa-4.0", "CC-BY-SA-4.0"),
        ("MIT", "MIT"),
        ("see paper", None),
        ("CC BY 4.0", None),
        ("MIT OR Apache-2.0", None),
        ("LicenseRef-mine", None),
        ("", None),
    ],
)
def test_a_licence_is_one_spdx_identifier(text: str, spdx: str | None) -> None:
    assert spdx_identifier(text) == spdx


@pytest.mark.parametrize("chosen", ["CC0-1.0", "CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-SA-4.0", "MIT"])
@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        ("CC0-1.0", {"CC0-1.0", "CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-SA-4.0", "MIT"}),
        ("CC-BY-4.0", {"CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-SA-4.0", "MIT"}),
        ("MIT", {"CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-SA-4.0", "MIT"}),
        ("CC-BY-3.0-DE", {"CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-SA-4.0", "MIT"}),
        ("CC-PDDC", {"CC0-1.0", "CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-SA-4.0", "MIT"}),
        ("CC-BY-SA-4.0", {"CC-BY-SA-4.0"}),
        ("CC-BY-NC-SA-4.0", set()),
        ("CC-BY-SA-3.0", set()),
        ("CC-BY-NC-4.0", {"CC-BY-NC-4.0"}),
        ("CC-BY-NC-ND-3.0", set()),
        ("CC-BY-ND-4.0", set()),
        ("ODbL-1.0", set()),
        ("GPL-3.0-only", set()),
    ],
)
def test_a_bundle_asks_for_no_less_than_its_sources(
    chosen: str, source: str, allowed: set[str]
) -> None:
    told = list(conflicts(chosen, {"words": source}))
    assert bool(told) == (chosen not in allowed)
    assert all("'words' is under" in why and "Write licence: " in why for why in told)


@pytest.mark.parametrize("terms", ["see paper", "MIT OR Apache-2.0", "LicenseRef-mine", ""])
def test_terms_that_nobody_can_read_are_told_with_what_to_do(terms: str) -> None:
    (why,) = conflicts("CC-BY-4.0", {"words": terms})
    assert f"{terms!r}, which is not the SPDX identifier of one licence" in why
    assert "of several that you may choose from, the one you choose" in why
    assert "redistribute: false" in why


@pytest.mark.parametrize("chosen", ["CC0-1.0", "WTFPL", "CC-PDDC"])
def test_no_licence_that_asks_for_nothing_follows_on_one_that_asks_for_credit(chosen: str) -> None:
    assert list(conflicts(chosen, {"words": "CC-BY-4.0"}))


def test_two_sources_that_bind_to_different_licences_cannot_both_be_met() -> None:
    sources = {"a": "CC-BY-SA-4.0", "b": "CC-BY-NC-4.0"}
    assert all(list(conflicts(chosen, sources)) for chosen in ("CC-BY-SA-4.0", "CC-BY-NC-4.0"))


def test_a_study_under_a_wrong_licence_is_told_so_when_it_is_read(tmp_path: Path) -> None:
    write_files(tmp_path, publication={**PUBLICATION, "licence": "CC0-1.0"})
    with pytest.raises(StudyError, match=r"publication\.licence: 'open' is under CC-BY-4\.0"):
        loaded_study(tmp_path)


def test_a_dataset_of_which_nothing_is_passed_on_does_not_bind(tmp_path: Path) -> None:
    write_files(tmp_path)
    assert loaded_study(tmp_path).datasets["secret"].licence == "see paper"


@pytest.mark.parametrize(
    ("spdx", "name", "url", "hugging_face"),
    [
        (
            "CC-BY-NC-SA-4.0",
            "Creative Commons Attribution-NonCommercial-ShareAlike 4.0",
            "https://creativecommons.org/licenses/by-nc-sa/4.0/",
            "cc-by-nc-sa-4.0",
        ),
        (
            "CC-BY-3.0",
            "Creative Commons Attribution 3.0",
            "https://creativecommons.org/licenses/by/3.0/",
            "cc-by-3.0",
        ),
        ("MIT", "MIT License", "https://opensource.org/license/mit", "mit"),
        ("Zlib", "Zlib", "https://spdx.org/licenses/Zlib.html", None),
    ],
)
def test_a_licence_has_a_name_and_an_address(
    spdx: str, name: str, url: str, hugging_face: str | None
) -> None:
    found = licence(spdx)
    assert (found.name, found.url, found.hugging_face) == (name, url, hugging_face)


def test_settings_are_few_and_wrong_ones_are_explained() -> None:
    settings = PublicationSettings.model_validate({"licence": "cc-by-4.0", "creators": [ME]})
    assert (settings.licence, settings.version) == ("CC-BY-4.0", "1.0.0")
    two = [ME, {**ME, "orcid": "0000-0002-1825-0097"}]
    told = {"licence": "MIT", "creators": two, "keywords": ["a b", "a\nb", "c"]}
    settings = PublicationSettings.model_validate(told)
    assert (len(settings.creators), settings.keywords) == (2, ("a b", "c"))
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"licence": "CC BY"}, "not an SPDX identifier"),
        ({"creators": []}, "at least 1 item"),
        ({"creators": [ME, {**ME, "affiliation": "Other"}]}, "more than once: Jo Roe; write the o"),
        ({"creators": [{**ME, "given": " "}]}, "it is empty"),
        ({"keywords": [""]}, "it is empty"),
        ({"version": "1.0"}, "pattern"),
        ({"include": ["norms"]}, "estimates"),
    ]
    for change, message in wrong:
        with pytest.raises(ValidationError, match=message):
            PublicationSettings.model_validate({"licence": "MIT", "creators": [ME], **change})


@pytest.mark.parametrize("orcid", ["0000-0002-1825-0097", "0000-0002-1694-233X"])
def test_an_orcid_sums_up(orcid: str) -> None:
    assert Creator(**ME, orcid=f"https://orcid.org/{orcid}").orcid == orcid
    changed = orcid.replace("0002", "0003")
    with pytest.raises(ValidationError, match="does not fit"):
        Creator(**ME, orcid=changed)
    with pytest.raises(ValidationError, match="write it as"):
        Creator(**ME, orcid=orcid[:-1])
