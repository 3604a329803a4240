#!/usr/bin/env bash
# A data set by the paper's models, on one machine with two GPUs of 80 GB, from nothing but Python 3.11 and this repository. Downloads at least 96 GB
# of weights. Two of the models are gated, and one of these is licensed for research only: see `paper` in src/action100m/run/presets.py.
#
#   HF_TOKEN=... recipes/paper.sh VIDEOS... [-- OUT]       OUT: where the run is kept, runs/paper unless told
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)

videos=()
while (($#)) && [[ $1 != -- ]]; do videos+=("$1") && shift; done
((${#videos[@]})) || { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2 && exit 2; }
out=${2:-runs/paper}

python3 -m venv .venv-paper
.venv-paper/bin/pip install --quiet -c "$repository/constraints.txt" "$repository[vjepa2,plm,endpoint]"
for model in facebook/Perception-LM-3B meta-llama/Llama-3.2-11B-Vision-Instruct; do # before 60 GB of the others are fetched
    .venv-paper/bin/hf download --quiet "$model" config.json >/dev/null ||
        { echo "accept the terms at https://huggingface.co/$model, then set HF_TOKEN" >&2 && exit 1; }
done
python3 -m venv .venv-vllm # of its own: vLLM pins another PyTorch
.venv-vllm/bin/pip install --quiet vllm==0.24.0

trap 'kill "$server"' EXIT
CUDA_VISIBLE_DEVICES=1 PATH=$PWD/.venv-vllm/bin:$PATH vllm serve openai/gpt-oss-120b --port 8000 --gpu-memory-utilization 0.95 --max-num-batched-tokens 4096 --max-num-seqs 64 &
server=$!
until curl --silent --fail http://localhost:8000/health >/dev/null; do
    kill -0 "$server" || { echo "the server ended before it was ready; its last words are above" >&2 && exit 1; }
    sleep 5
done

export CUDA_VISIBLE_DEVICES=0
.venv-paper/bin/action100m plan "${videos[@]}" --preset paper --gpu h100 || (($? == 1)) # 1: some files cannot be used; the others can
.venv-paper/bin/action100m run "${videos[@]}" --preset paper --out "$out" || (($? == 1))
.venv-paper/bin/action100m pack "$out" --out "$out.parquet" || (($? == 1))
.venv-paper/bin/action100m report "$out" --out "$out-page"
