"""A RoBERTa small enough to be made on the spot, with a tokenizer of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaForSequenceClassification,
)

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")


def tokenizer(texts: Sequence[str]) -> PreTrainedTokenizerFast:
    """A byte-level tokenizer, as RoBERTa has one, whose longer tokens are those of some texts."""
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(texts, trainer)
    raw.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return PreTrainedTokenizerFast(
        tokenizer_object=raw,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
        model_max_length=64,
    )


def configuration(words: PreTrainedTokenizerFast, **changes: object) -> RobertaConfig:
    return RobertaConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=66,
        type_vocab_size=1,
        initializer_range=0.1,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        **changes,
    )


def pretrained(folder: Path, texts: Sequence[str]) -> Path:
    """Weights and tokenizer as the hub has those of roberta-base: without a layer for answers."""
    torch.manual_seed(3)
    words = tokenizer(texts)
    RobertaForMaskedLM(configuration(words)).save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


def published(folder: Path, texts: Sequence[str], labels: Sequence[str]) -> Path:
    """A classifier with its own layer for labels, in the order given."""
    torch.manual_seed(4)
    words = tokenizer(texts)
    config = configuration(
        words,
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={label: place for place, label in enumerate(labels)},
        problem_type="multi_label_classification",
    )
    RobertaForSequenceClassification(config).save_pretrained(folder)
    words.save_pretrained(folder)
    return folder
