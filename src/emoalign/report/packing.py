"""Data inside the page: compressed, and in letters that cannot end the element they stand in.

Base64 knows no <, > or &, so that whatever a stimulus, an answer or a title holds, it stays data.
The page's `assets/packing.js` reads it again.
"""

from __future__ import annotations

import base64
import gzip
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

NO_SHARE = 255
"""Byte of a share that is not given."""

NO_NUMBER = 65535
"""Two bytes of a number that is not given."""

Numbers = npt.NDArray[np.float64]


def packed(content: bytes) -> str:
    """Bytes as the page holds them: gzip, then base64. The same bytes give the same text."""
    return base64.b64encode(gzip.compress(content, 6, mtime=0)).decode()


def packed_json(value: Any) -> str:
    """A value as the page holds it; NaN becomes null."""
    return packed(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))


def shares(values: Numbers) -> bytes:
    """Shares from 0 to 1 as a byte each, exact to a 250th; NaN is kept."""
    given = ~np.isnan(values)
    coded = np.full(values.shape, NO_SHARE, dtype=np.uint8)
    coded[given] = np.rint(np.clip(values[given], 0, 1) * (NO_SHARE - 1))
    return coded.tobytes()


def fractions(values: Numbers, low: float, high: float) -> bytes:
    """Numbers from `low` to `high` as two bytes each (little-endian), exact to 1/65,534 of the
    range; NaN is kept."""
    given = ~np.isnan(values)
    coded = np.full(values.shape, NO_NUMBER, dtype="<u2")
    coded[given] = np.rint(np.clip((values[given] - low) / (high - low), 0, 1) * (NO_NUMBER - 1))
    return coded.tobytes()
