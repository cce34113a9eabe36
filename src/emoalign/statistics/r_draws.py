"""Random numbers as R draws them, so that a script in R can repeat a bootstrap draw by draw."""

from __future__ import annotations

import numpy as np

from emoalign.statistics.pairs import FloatArray

_WORDS = 624
"""Length of the state of the Mersenne Twister."""


class RDraws:
    """The numbers of R's `set.seed(seed, kind = "Mersenne-Twister")` and `runif`."""

    def __init__(self, seed: int) -> None:
        # R scrambles the seed by a linear congruential generator, 50 times before the first word;
        # the first of 625 words is the place in the state, which R then sets to its end.
        word, state = seed, []
        for step in range(50 + 1 + _WORDS):
            word = (69069 * word + 1) % 2**32
            if step > 50:
                state.append(word)
        self._twister = np.random.MT19937()
        self._twister.state = {
            "bit_generator": "MT19937",
            "state": {"key": np.array(state, dtype=np.uint32), "pos": _WORDS},
        }

    def uniform(self, size: int) -> FloatArray:
        """Numbers from 0 to below 1, (size,)."""
        words = self._twister.random_raw(size).astype(np.float64)
        return words * 2.3283064365386963e-10  # 2⁻³², as R writes it
