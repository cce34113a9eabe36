"""Images through vLLM, with a tiny vision model: what it sees is what was prepared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image as Picture

from emoalign.elicitation.engines.vllm.engine import VllmEngine, loaded
from emoalign.elicitation.engines.vllm.vllm_model import VllmCapabilities, VllmModel
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import Ask, RatingRequest, Sampling
from emoalign.errors import DataError
from emoalign.prompts import Image, Message, Prompt
from emoalign.study.source_files import sha256

from . import tiny_vision

ORIENTATION = 0x0112


@pytest.fixture(scope="module")
def seer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VllmEngine]:
    """A tiny vision model, loaded."""
    folder = tiny_vision.seeing_model(tmp_path_factory.mktemp("seer"))
    card = VllmModel(
        title="A tiny seer",
        engine="vllm",
        model=str(folder),
        context_tokens=512,
        capabilities=VllmCapabilities(modalities=("word", "image")),
    )
    with loaded(card, images=2) as engine:
        yield engine


def painted(file: Path, left: str, right: str, turned: bool = False) -> Image:
    """An image of two colours; turned by a quarter, with a note in it to turn it back."""
    picture = Picture.new("RGB", (60, 60), left)
    picture.paste(Picture.new("RGB", (30, 60), right), (30, 0))
    exif = Picture.Exif()
    if turned:
        picture = picture.transpose(Picture.Transpose.ROTATE_90)
        exif[ORIENTATION] = 6
    picture.save(file, exif=exif)
    return Image(sha256(file), 1024, file)


def about(image: Image | None, participants: int | None = None) -> Ask:
    """The exact question about an image, or that of so many participants."""
    exact = participants is None
    request = RatingRequest(
        model="seer",
        revision=None,
        prompt=Prompt((Message("user", "Rate this from 1 to 9."),), None, image),
        sampling=Sampling(1.0, 1),
        readout="exact" if exact else "sampled",
        wave=1,
        points=tuple(map(float, range(1, 10))) if exact else (),
    )
    return Ask(request, tuple(range(participants or 1)) if participants else (None,))


def exact(engine: VllmEngine, image: Image | None) -> dict[str, float]:
    ((_, (answer,)),) = engine.answers([about(image)])
    assert answer.logprobs is not None
    return dict(answer.logprobs)


def test_an_image_changes_what_is_answered(seer: VllmEngine, tmp_path: Path) -> None:
    red = exact(seer, painted(tmp_path / "red.png", "red", "orange"))
    blue = exact(seer, painted(tmp_path / "blue.png", "blue", "black"))
    nothing = exact(seer, None)
    apart = [abs(red[token] - blue[token]) for token in red]
    assert max(apart) > 0.2
    assert max(abs(red[token] - nothing[token]) for token in red) > 0.2


def test_a_turned_image_is_seen_upright(seer: VllmEngine, tmp_path: Path) -> None:
    upright = exact(seer, painted(tmp_path / "upright.png", "red", "blue"))
    turned = exact(seer, painted(tmp_path / "turned.png", "red", "blue", turned=True))
    other = exact(seer, painted(tmp_path / "other.png", "blue", "red"))
    assert turned == pytest.approx(upright, abs=0.02)
    assert max(abs(other[token] - upright[token]) for token in upright) > 0.05


def test_participants_look_at_an_image_too(seer: VllmEngine, tmp_path: Path) -> None:
    images = [painted(tmp_path / f"{name}.png", name, "white") for name in ("red", "green")]
    found: list[Answer] = []
    for _, answers in seer.answers([about(image, 5) for image in images]):
        found += answers
    assert len({answer.key for answer in found}) == 10
    assert found[0].prompt_tokens > tiny_vision.IMAGE_TOKENS


def test_an_image_of_an_earlier_item_stays_in_view(seer: VllmEngine, tmp_path: Path) -> None:
    now = painted(tmp_path / "now.png", "green", "white")
    found = []
    for colour in ("red", "blue"):
        earlier = painted(tmp_path / f"{colour}.png", colour, colour)
        ask = about(now)
        messages = (Message("user", "Rate this.", earlier), Message("assistant", "7"))
        prompt = replace(ask.request.prompt, messages=(*messages, *ask.request.prompt.messages))
        request = replace(ask.request, prompt=prompt)
        ((_, (answer,)),) = seer.answers([Ask(request, (None,))])
        assert answer.prompt_tokens > 2 * tiny_vision.IMAGE_TOKENS
        found.append(dict(answer.logprobs or ()))
    assert max(abs(found[0][token] - found[1][token]) for token in found[0]) > 0.01


def test_an_image_that_has_changed_is_not_shown(seer: VllmEngine, tmp_path: Path) -> None:
    # No other test shows these colours: an image that was shown is known by its content.
    image = painted(tmp_path / "image.png", "purple", "orange")
    painted(tmp_path / "image.png", "orange", "purple")
    with pytest.raises(DataError, match="changed"):
        list(seer.answers([about(image)]))
