"""Tests of baselines with PyTorch itself, on the CPU; nothing here runs without it."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from tests.kit import comments as small_comments
from tests.kit.comments import Comment

if importlib.util.find_spec("torch") is None:
    collect_ignore_glob = ["*"]
else:
    os.environ |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}

    import torch

    from . import tiny_roberta

    @pytest.fixture(autouse=True)
    def one_thread() -> None:
        torch.set_num_threads(1)

    @pytest.fixture(scope="session")
    def comments() -> list[Comment]:
        return small_comments.made()

    @pytest.fixture(scope="session")
    def weights(tmp_path_factory: pytest.TempPathFactory, comments: list[Comment]) -> Path:
        """A tiny RoBERTa without a layer for answers, as it comes from pretraining."""
        folder = tmp_path_factory.mktemp("weights")
        return tiny_roberta.pretrained(folder, [comment.text for comment in comments])
