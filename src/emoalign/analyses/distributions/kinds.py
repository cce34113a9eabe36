"""The two kinds of scales that distributions are over."""

from __future__ import annotations

from typing import Literal

Kind = Literal["ordinal", "labels"]
"""ordinal: shares of ordered points, which sum to 1. labels: a share of its own for each label."""
