"""Images: from a folder to the data URL in a request."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture

from emoalign.elicitation.engines.abilities import Abilities
from emoalign.elicitation.engines.api.api_model import ApiModel
from emoalign.elicitation.rating import RatingRequest, Sampling
from emoalign.errors import DataError, StudyError
from emoalign.planning.analysed import analysed_study
from emoalign.planning.jobs import Jobs
from emoalign.planning.loading import MODELS, load_study
from emoalign.prompts import (
    Image,
    Message,
    Prompt,
    chat_messages,
    data_url,
    estimated_tokens,
    image_tokens,
    likely_tokens,
    most_tokens,
)
from emoalign.stimuli.dataset_cards import PreparationJob
from emoalign.stimuli.preparation import prepare
from emoalign.stimuli.readers.oasis import OasisSource
from emoalign.study.fields import FileSource
from emoalign.study.library import Library
from emoalign.study.source_files import sha256
from emoalign.tables import NORMS, STIMULI
from tests.kit.analysing import analysis_jobs

ROOT = Path(__file__).parents[2]
OASIS = ROOT.parent / "shared/data/oasis"
HEADER = (
    '"","Theme","Category","Source","Valence_mean","Valence_SD","Valence_N",'
    '"Arousal_mean","Arousal_SD","Arousal_N"\n'
)


def picture(path: Path, size: tuple[int, int] = (60, 30), **options: Any) -> Path:
    """A picture with a red left half and a blue right one."""
    pixels = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    pixels[:, : size[0] // 2, 0] = 255
    pixels[:, size[0] // 2 :, 2] = 255
    Picture.fromarray(pixels).save(path, **options)
    return path


def shown(path: Path, longest_side: int = 1024) -> Image:
    return Image(sha256(path), longest_side, path)


def sent(image: Image) -> Picture.Image:
    head, _, content = data_url(image).partition(",")
    assert head == "data:image/jpeg;base64"
    return Picture.open(io.BytesIO(base64.b64decode(content)))


def test_an_image_is_sent_upright_and_without_metadata(tmp_path: Path) -> None:
    exif = Picture.Exif()
    exif[0x0112] = 6  # lies on its side: turn it clockwise to see it
    exif[0x010F] = "A camera maker"
    path = picture(tmp_path / "a.jpg", exif=exif, quality=95)
    found = sent(shown(path))
    assert found.size == (30, 60)
    assert not found.getexif()
    assert b"camera" not in base64.b64decode(data_url(shown(path)).partition(",")[2])
    red_above, blue_below = found.getpixel((15, 10)), found.getpixel((15, 50))
    assert isinstance(red_above, tuple)
    assert isinstance(blue_below, tuple)
    assert red_above[0] > 200 > 60 > red_above[2]
    assert blue_below[2] > 200 > 60 > blue_below[0]


@pytest.mark.parametrize(("longest", "size"), [(1024, (60, 30)), (40, (40, 20)), (16, (16, 8))])
def test_an_image_is_made_smaller_but_never_larger(
    tmp_path: Path, longest: int, size: tuple[int, int]
) -> None:
    assert sent(shown(picture(tmp_path / "a.png"), longest)).size == size


def test_the_same_file_always_gives_the_same_bytes(tmp_path: Path) -> None:
    image = shown(picture(tmp_path / "a.png"))
    once = data_url(image)
    data_url.cache_clear()
    assert data_url(image) == once


def test_a_changed_or_broken_image_is_told(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png")
    image = shown(path)
    path.write_bytes(b"no picture")
    data_url.cache_clear()
    with pytest.raises(DataError, match="has changed since the stimuli were prepared"):
        data_url(image)
    with pytest.raises(DataError, match="not an image that can be read"):
        data_url(shown(path))


def request(image: Image, place: Any = "first") -> RatingRequest:
    prompt = Prompt((Message("user", "How nice?"),), None, image, place)
    return RatingRequest("m", None, prompt, Sampling(1.0, 4), "sampled", 1)


def test_an_image_is_known_by_its_content_and_size_not_by_its_place(tmp_path: Path) -> None:
    first = picture(tmp_path / "a.png")
    (tmp_path / "moved").mkdir()
    moved = first.rename(tmp_path / "moved/b.png")
    here, there = Image("a" * 64, 512, first), Image("a" * 64, 512, moved)
    assert request(here).request_id == request(there).request_id
    others = {
        request(Image("b" * 64, 512, first)).request_id,
        request(Image("a" * 64, 256, first)).request_id,
        request(here, "last").request_id,
        request(here).request_id,
    }
    assert len(others) == 4


@pytest.mark.parametrize(
    ("place", "kinds"), [("first", ["image_url", "text"]), ("last", ["text", "image_url"])]
)
def test_the_prompt_set_says_whether_the_image_comes_first(
    tmp_path: Path, place: Any, kinds: list[str]
) -> None:
    image = shown(picture(tmp_path / "a.png"))
    (message,) = chat_messages(request(image, place).prompt)
    assert [part["type"] for part in message["content"]] == kinds


def test_an_image_has_its_share_in_the_tokens() -> None:
    image = Image("a" * 64, 1024, Path("a.png"))
    with_image, without = request(image).prompt, Prompt((Message("user", "How nice?"),), None)
    assert estimated_tokens(with_image) - estimated_tokens(without) > 1024**2 / 750
    assert most_tokens(with_image) >= estimated_tokens(with_image)


def test_an_image_takes_as_many_tokens_as_the_card_says_and_is_the_same_request() -> None:
    plain, dear = (
        Abilities(image_tokens=tokens).shown("a" * 64, Path("a")) for tokens in (None, 9)
    )
    assert image_tokens(request(dear).prompt) == 9
    assert image_tokens(request(plain).prompt) > 1024**2 / 32**2 * 2.46
    assert request(plain).request_id == request(dear).request_id


@pytest.mark.parametrize(
    ("model", "counted"),
    [
        ("gpt-4o-mini", 2833 + 4 * 5667),  # https://strathweb.com/2024/10
        ("gpt-4o", 85 + 4 * 170),
        ("claude-haiku-5-5", 1024**2 / 750),
    ],
)
def test_the_plan_of_a_large_image_holds_what_the_provider_counts(
    model: str, counted: float, tmp_path: Path
) -> None:
    card = Library().card("models", model, MODELS)
    assert isinstance(card, ApiModel)
    image = card.able.shown("a" * 64, tmp_path)
    least, most = likely_tokens(request(image).prompt)
    assert least <= counted <= most
    assert counted <= most_tokens(request(image).prompt)


def oasis_job(folder: Path, rows: str, keep: str | None = None) -> PreparationJob:
    (folder / "images").mkdir(exist_ok=True)
    (folder / "OASIS.csv").write_text(HEADER + rows, encoding="utf-8")
    loaded = load_study(image_study(), ROOT / "config")
    job = Jobs(loaded).prepare("oasis")
    source = {"reader": "oasis", "norms": {"file": str(folder / "OASIS.csv")}}
    changes = {"source": source, "images": str(folder / "images"), "keep": keep, "sample": None}
    return PreparationJob.model_validate(job.params() | changes)


def image_study(model: str = "gpt-4o") -> dict[str, Any]:
    return {
        "study": "pictures",
        "title": "T",
        "seed": 1,
        "models": [model],
        "datasets": [{"dataset": "oasis"}],
        "allow_remote": ["oasis"],
        "protocols": [{"name": "p", "prompts": "instruction-image"}],
    }


def prepared(folder: Path, job: PreparationJob) -> Path:
    prepare(job, folder / "stimuli.parquet", folder / "norms.parquet", folder / "shards.json")
    return folder / "stimuli.parquet"


DOG = '"I2","Dog 6 ","Animal","Web",5.5,1.1,100,3.5,1.4,101\n'


def test_a_theme_that_ends_in_a_space_finds_its_file(tmp_path: Path) -> None:
    job = oasis_job(tmp_path, DOG)
    path = picture(tmp_path / "images/Dog 6.jpg")
    (row,) = STIMULI.read(prepared(tmp_path, job)).to_dict("records")
    assert (row["item_id"], row["modality"]) == ("I2", "image")
    assert not isinstance(row["text"], str)
    assert (row["image_path"], row["image_sha256"]) == (str(path), sha256(path))
    norms = NORMS.read(tmp_path / "norms.parquet").set_index("scale")
    assert norms.loc["valence", ["mean", "sd", "n"]].tolist() == [5.5, 1.1, 100]
    assert norms.loc["arousal", "mean"] == 3.5


def test_a_missing_image_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"line 2: item I2: there is no image .*Dog 6\.jpg\. Put"):
        prepared(tmp_path, oasis_job(tmp_path, DOG))


@pytest.mark.parametrize("theme", ["../secret", "/etc/secret", "a/../../secret"])
def test_an_image_name_may_not_lead_out_of_its_folder(tmp_path: Path, theme: str) -> None:
    picture(tmp_path / "secret.jpg")
    with pytest.raises(DataError, match="points outside the folder"):
        prepared(tmp_path, oasis_job(tmp_path, DOG.replace("Dog 6 ", theme)))


def test_a_link_out_of_the_folder_is_refused_too(tmp_path: Path) -> None:
    job = oasis_job(tmp_path, DOG)
    (tmp_path / "images/Dog 6.jpg").symlink_to(picture(tmp_path / "secret.jpg"))
    with pytest.raises(DataError, match="points outside the folder"):
        prepared(tmp_path, job)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (DOG.replace("5.5", "5,5"), "line 2: expected 10 fields.*found 11"),
        (DOG.replace("5.5", '"high"'), "line 2, column 'Valence_mean': expected a number"),
    ],
)
def test_a_damaged_table_is_told_by_line_and_column(tmp_path: Path, rows: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        prepared(tmp_path, oasis_job(tmp_path, rows))


def test_a_mean_off_the_scale_is_an_error(tmp_path: Path) -> None:
    job = oasis_job(tmp_path, DOG.replace("5.5", "9.5"))
    picture(tmp_path / "images/Dog 6.jpg")
    with pytest.raises(DataError, match=r"rating 9\.5 is outside 1 to 7"):
        prepared(tmp_path, job)


def test_a_model_that_reads_only_text_is_not_shown_images() -> None:
    with pytest.raises(StudyError, match="does not list 'image' among"):
        load_study(image_study("smollm2-135m"), ROOT / "config")


def test_the_order_of_scales_changes_figures_and_report_alone() -> None:
    def jobs(scales: list[str]) -> list[str]:
        content = image_study() | {"datasets": [{"dataset": "oasis", "scales": scales}]}
        loaded = load_study(content, ROOT / "config")
        until_items = [Jobs(loaded).prepare("oasis"), Jobs(loaded).aggregate("oasis")]
        of_analyses = analysis_jobs(analysed_study(loaded))
        return [repr(job) for job in (*until_items, *of_analyses)]

    assert jobs(["valence", "arousal"]) == jobs(["arousal", "valence"])


@pytest.mark.shared_data
@pytest.mark.skipif(not OASIS.exists(), reason=f"there is no {OASIS}")
def test_the_real_oasis_norms_and_pictures_are_read(tmp_path: Path) -> None:
    norms = FileSource(file=str(OASIS / "OASIS.csv"))
    items = OasisSource(reader="oasis", norms=norms).read({"norms": OASIS / "OASIS.csv"})
    assert len(items) == 900
    valence = np.array([item.ratings["valence"].mean for item in items])
    arousal = np.array([item.ratings["arousal"].mean for item in items])
    assert (valence.mean(), valence.std(ddof=1)) == pytest.approx((4.331, 1.228), abs=0.001)
    assert np.corrcoef(valence, arousal)[0, 1] == pytest.approx(-0.058, abs=0.001)
    assert np.corrcoef(abs(valence - 4), arousal)[0, 1] == pytest.approx(0.473, abs=0.001)
    pictures = sorted((OASIS / "images").glob("*.jpg"))
    named = {item.image for item in items}
    assert {path.name for path in pictures} <= named
    for path in pictures:
        assert max(sent(shown(path, 256)).size) <= 256
