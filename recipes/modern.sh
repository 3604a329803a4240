#!/usr/bin/env bash
# A data set by today's open models behind vLLM, on one machine with two GPUs of 80 GB, from nothing but Python 3.11 and this repository.
# Downloads at least 85 GB of weights. V-JEPA 2, once for each worker, shares the first GPU with the captioner: `modern` in
# src/action100m/run/presets.py adds up the memory.
#
#   recipes/modern.sh VIDEOS... [-- OUT]       OUT: where the run is kept, runs/modern unless told
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)

videos=()
while (($#)) && [[ $1 != -- ]]; do videos+=("$1") && shift; done
((${#videos[@]})) || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2 && exit 2; }
out=${2:-runs/modern}

python3 -m venv .venv-modern
.venv-modern/bin/pip install --quiet -c "$repository/constraints.txt" "$repository[vjepa2,endpoint]"
python3 -m venv .venv-vllm # of its own: vLLM pins another PyTorch
.venv-vllm/bin/pip install --quiet vllm==0.24.0
PATH=$PWD/.venv-vllm/bin:$PATH

trap 'kill "${servers[@]}"' EXIT
CUDA_VISIBLE_DEVICES=0 vllm serve Qwen/Qwen3-VL-8B-Instruct --port 8001 --gpu-memory-utilization 0.6 \
    --max-model-len 16384 --limit-mm-per-prompt '{"image": 32, "video": 0}' &
servers=($!)
CUDA_VISIBLE_DEVICES=1 vllm serve openai/gpt-oss-120b --port 8000 --gpu-memory-utilization 0.95 --max-num-batched-tokens 4096 --max-num-seqs 64 &
servers+=($!)
for port in 8000 8001; do
    until curl --silent --fail "http://localhost:$port/health" >/dev/null; do
        for server in "${servers[@]}"; do
            kill -0 "$server" || { echo "a server ended before it was ready; its last words are above" >&2 && exit 1; }
        done
        sleep 5
    done
done

export CUDA_VISIBLE_DEVICES=0
.venv-modern/bin/action100m plan "${videos[@]}" --preset modern --gpu h100 || (($? == 1)) # 1: some files cannot be used; the others can
.venv-modern/bin/action100m run "${videos[@]}" --preset modern --workers 4 --out "$out" || (($? == 1))
.venv-modern/bin/action100m pack "$out" --out "$out.parquet" || (($? == 1))
.venv-modern/bin/action100m report "$out" --out "$out-page"
