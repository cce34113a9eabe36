"""Asks a model without end, for the tests that stop it: asking.py <folder> <GPUs>."""

from __future__ import annotations

import os
import sys
from itertools import count

from emoalign.elicitation.engines.vllm.engine import loaded
from emoalign.elicitation.engines.vllm.vllm_model import VllmModel
from emoalign.elicitation.rating import Ask, RatingRequest, Sampling
from emoalign.prompts import (
    Message,
    Prompt,
)
from emoalign.stage import orderly_end


def endless(number: int) -> Ask:
    prompt = Prompt((Message("user", f"Rate item {number} from 1 to 9."),), None)
    request = RatingRequest("rater", None, prompt, Sampling(1.0, 16), "sampled", 1)
    return Ask(request, tuple(range(20)))


if __name__ == "__main__":
    folder, size = sys.argv[1], int(sys.argv[2])
    card = VllmModel(
        title="A tiny rater",
        engine="vllm",
        model=folder,
        context_tokens=512,
        tensor_parallel_size=size,
    )
    with orderly_end():
        print("loading", flush=True)
        with loaded(card) as engine:
            for place, _ in enumerate(engine.answers(map(endless, count()))):
                if place == 0:
                    print("asking", os.getpid(), flush=True)
