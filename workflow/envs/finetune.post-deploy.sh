#!/usr/bin/env bash
# Snakemake runs this inside the new environment, from the root of the project.
set -euo pipefail
python -m pip install --no-deps --require-hashes -r requirements.lock
python -m pip install 'torch>=2.8' 'transformers>=5.0' 'safetensors>=0.6'
