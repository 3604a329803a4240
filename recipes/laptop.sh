#!/usr/bin/env bash
# A data set from your own videos on one machine with a GPU of 8 GB, from nothing but Python 3.11 and this repository.
# Downloads at least 11 GB of weights. Without a GPU it runs too, with smaller models, for hours instead of minutes.
#
#   recipes/laptop.sh VIDEOS... [-- OUT]       OUT: where the run is kept, runs/laptop unless told
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)

videos=()
while (($#)) && [[ $1 != -- ]]; do videos+=("$1") && shift; done
((${#videos[@]})) || { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2 && exit 2; }
out=${2:-runs/laptop}

python3 -m venv .venv-laptop
.venv-laptop/bin/pip install --quiet -c "$repository/constraints.txt" "$repository[vjepa2,vlm,reasoner]"

.venv-laptop/bin/action100m plan "${videos[@]}" --preset laptop || (($? == 1)) # 1: some files cannot be used; the others can
.venv-laptop/bin/action100m run "${videos[@]}" --preset laptop --out "$out" || (($? == 1))
.venv-laptop/bin/action100m pack "$out" --out "$out.parquet" || (($? == 1))
.venv-laptop/bin/action100m report "$out" --out "$out-page"
