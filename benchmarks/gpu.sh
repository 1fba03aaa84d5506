#!/usr/bin/env bash
# Measure training on one GPU, in eight minutes at most, and write one file of tables. docs/gpu.md explains.
#
#   benchmarks/gpu.sh [build/gpu.md]
#
# DEVICE=cpu: the same on the CPU, with few utterances and systems, to test this script. BUDGET: seconds in all, 480 by default.
set -uo pipefail
cd "$(dirname "$0")/.."
out=$(realpath -m "${1:-build/gpu.md}")
device=${DEVICE:-cuda} budget=$((${BUDGET:-480} - 10)) python=${PYTHON:-python}
export OMP_NUM_THREADS=1 PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rows=$work/rows.jsonl
touch "$rows"

utterances=5531 small=400 cores=$(nproc) steps=() compiled=() jobs=() folds=()
tests=(tests/models/test_cuda.py tests/training/test_device.py tests/training/test_mapped_folds.py)
known=() # features of the small corpus: all
wanted=(spectrogram spectrogram_10hz mfcc log_mel emobase compare_lld) # of the large one: those of the headline systems
modes=(compile "compile, graphs")
if [ "$device" = cpu ]; then
    system=HSF-CRNN-HSF utterances=80 small=80 cores=1 known=(--features emobase) wanted=(emobase) modes=()
    tests=(--collect-only tests/training/test_device.py)
    steps=(--systems $system --steps 1) compiled=(--systems $system --calls 1)
    jobs=(--systems $system --jobs 2 --seconds 0.1) folds=(--systems $system)
fi

# part NAME SECONDS COMMAND…: run, at most so long and never beyond the budget; what it has recorded by then counts.
part() {
    local name=$1 limit=$2 left=$((budget - SECONDS)) began=$SECONDS status=0
    shift 2
    if ((left < limit)); then limit=$left; fi
    if ((limit <= 0)); then
        status=124
    else
        timeout -k 5 "$limit" "$@" >"$work/$name.log" 2>&1 || status=$?
    fi
    echo "$name: $((SECONDS - began)) s, exit code $status" >&2
    if ((status)); then
        tail -n 5 "$work/$name.log" >&2 2>/dev/null
        echo "[\"time\", \"$name\", \"seconds\", $((SECONDS - began)), \"exit code $status (124: out of time)\"]" >>"$rows"
    fi
}

gpu=benchmarks/gpu
(part corpus 60 "$python" $gpu/corpus.py "$work/whole" --utterances $utterances --features "${wanted[@]}" --processes "$cores") &
part tests 60 "$python" -m pytest -q -m cuda "${tests[@]}"
summary=$(tail -n 1 "$work/tests.log" 2>/dev/null | tr -d '"\\')
echo "[\"tests\", \"pytest -m cuda\", \"result\", null, \"$summary\"]" >>"$rows"
part small 30 "$python" $gpu/corpus.py "$work/small" --utterances $small "${known[@]}"
wait
part steps 120 "$python" $gpu/steps.py "$work/small" "$rows" --device "$device" "${steps[@]}"
part graphs 40 "$python" $gpu/compiled.py "$work/small" "$rows" --device "$device" --settings plain graph "${compiled[@]}"
part jobs 70 "$python" $gpu/jobs.py "$work/small" "$rows" --device "$device" "${jobs[@]}"
part folds 150 "$python" $gpu/folds.py "$work/whole" "$rows" --device "$device" --seconds 120 "${folds[@]}"
if ((${#modes[@]})); then # last: it takes what is left
    part compile "$budget" "$python" $gpu/compiled.py "$work/small" "$rows" --device "$device" --settings "${modes[@]}"
fi
"$python" $gpu/table.py "$rows" "$out"
echo "$out" >&2
