"""A random vision model that is small enough to be made on the spot."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import (
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessorPil,
    Idefics3Processor,
    LlamaConfig,
)

from .tiny_models import tokenizer

SIDE = 32
PATCH = 8
SHRINK = 2
IMAGE_TOKENS = (SIDE // PATCH) ** 2 // SHRINK**2
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{% for part in message.content %}"
    "{% if part.type == 'image' %}<image>{% else %}{{ part.text }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def seeing_model(folder: Path) -> Path:
    """An Idefics3 model without any training, which sees images of 32 × 32 pixels."""
    torch.manual_seed(11)
    words = tokenizer(CHAT)
    words.add_tokens(["<global-img>"])
    images = Idefics3ImageProcessorPil(
        size={"longest_edge": SIDE},
        max_image_size={"longest_edge": SIDE},
        do_image_splitting=False,
    )
    processor = Idefics3Processor(images, words, image_seq_len=IMAGE_TOKENS, chat_template=CHAT)
    text = LlamaConfig(
        vocab_size=len(words),
        hidden_size=128,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
        initializer_range=0.1,
    )
    config = Idefics3Config(
        text_config=text,
        vision_config={
            "hidden_size": 64,
            "intermediate_size": 64,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": SIDE,
            "patch_size": PATCH,
            "initializer_range": 0.2,
        },
        image_token_id=words.convert_tokens_to_ids("<image>"),
        scale_factor=SHRINK,
        pad_token_id=1,
        tie_word_embeddings=False,
    )
    Idefics3ForConditionalGeneration(config).to(torch.bfloat16).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
