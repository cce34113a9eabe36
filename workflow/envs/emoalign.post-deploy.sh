#!/usr/bin/env bash
# Snakemake runs this inside the new environment, from the folder of the study. The Snakefile says where
# the lock file is, and what emoalign was installed from; nothing (EMOALIGN_FROM=) in a clone, whose
# package is imported from where it is.
set -euo pipefail
python -m pip install --no-deps --require-hashes -r "$EMOALIGN_LOCK"
package="${EMOALIGN_FROM-emoalign==0.1.0}"
[ -z "$package" ] || python -m pip install --no-deps "$package"
