#!/bin/bash
# Trains ResNet-50 on an NVIDIA GPU with Stride, JAX and PyTorch, and prints a table of images per second. Before that
# the conformance suite of engines runs on the GPU.
#
#   bench/xla/run.sh                     # 224×224, batch 256, float32, TF32 and bfloat16; about half an hour
#   bench/xla/run.sh --cpu               # tries the script where there is no GPU: tiny images, a CPU plugin, minutes
#
# It needs Linux, Go, python3 with venv, NVIDIA's driver, and 15 GB of disk. Everything else comes from PyPI and goes to
# virtual environments in --work, by default ~/.cache/stride-bench-xla; they are kept for the next run.
#
#   --work FOLDER        where environments and results go
#   --jax PYTHON         a Python that has jax (with jax[cuda12], or jax alone with --cpu): nothing is installed for it
#   --torch PYTHON       a Python that has torch and torchvision, likewise
#   --plugin FILE        the PJRT plugin (default: the one of jax[cuda12])
#   --no-tests           leaves the conformance suite out
#   --maths "KIND …"     which of float32, tf32 and bf16
#   --rounds N           runs of each program, of which the best counts (default 2)
#   --batch N --size N --warmup N --steps N
set -euo pipefail
cd "$(dirname "$0")/../.."

cpu="" work="${XDG_CACHE_HOME:-$HOME/.cache}/stride-bench-xla" jax="" torch="" plugin="" tests=1 rounds=2 batch=256 size=224 warmup=10 steps=50 maths="float32 tf32 bf16"
while [ $# -gt 0 ]; do
  case "$1" in
    --cpu) cpu=1 rounds=1 batch=2 size=32 warmup=1 steps=2 maths=float32; shift; continue ;;
    --no-tests) tests=""; shift; continue ;;
    --work|--jax|--torch|--plugin|--maths|--rounds|--batch|--size|--warmup|--steps)
      [ $# -gt 1 ] || { echo "run.sh: $1 needs a value" >&2; exit 2; }
      declare "${1#--}=$2"; shift 2 ;;
    *) echo "run.sh: unknown argument $1" >&2; exit 2 ;;
  esac
done
mkdir -p "$work"
work=$(cd "$work" && pwd)

# environment NAME PACKAGE…: a virtual environment with the packages, made once.
environment() {
  local name=$1; shift
  if [ ! -e "$work/$name/complete" ]; then
    python3 -m venv "$work/$name" >&2
    "$work/$name/bin/pip" install --quiet "$@" >&2
    touch "$work/$name/complete"
  fi
  echo "$work/$name/bin/python3"
}

if [ -n "$cpu" ]; then
  packages="jax lammps-jax-pjrt-cpu" index="--index-url https://download.pytorch.org/whl/cpu" device=cpu
else
  nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
  packages="jax[cuda12]" index="" device=cuda
fi
# Two environments: PyTorch and JAX ask for different versions of NVIDIA's libraries.
# shellcheck disable=SC2086
[ -n "$jax" ] || jax=$(environment jax $packages)
# shellcheck disable=SC2086
[ -n "$torch" ] || torch=$(environment torch $index torch torchvision)

go build -o "$work/bench" ./bench/xla
go build -tags xla -o "$work/stride" ./cmd/stride
if [ -z "$plugin" ]; then
  # The packages of the Python that has jax, and no others.
  plugin=$(env -u STRIDE_PJRT -u VIRTUAL_ENV -u CONDA_PREFIX PATH="$(dirname "$jax"):$PATH" "$work/bench" -find)
fi
echo "plugin: $plugin"
export STRIDE_PJRT="$plugin"

if [ -n "$tests" ]; then
  # One package after the other: a client takes most of the memory of the GPU.
  go test -p 1 -count=1 -timeout 180m ./pjrt/... ./engine/xla/...
fi

sizes="--batch $batch --size $size --warmup $warmup --steps $steps"
: > "$work/results.json"
measure() { # measure COMMAND…
  echo "+ $*" >&2
  if ! "$@" 2>"$work/log" | tee -a "$work/results.json"; then
    echo "run.sh: that failed:" >&2
    tail -n 20 "$work/log" >&2
  fi
}
for ((round = 0; round < rounds; round++)); do
  for math in $maths; do
    # The programs take turns, so that a GPU that gets hot slows all of them down.
    # shellcheck disable=SC2086
    {
      measure "$work/bench" -math $math ${sizes//--/-}
      measure "$jax" bench/xla/jax_resnet.py --math $math $sizes
      measure "$torch" bench/xla/pytorch_resnet.py --device $device --math $math $sizes
    }
  done
done
python3 bench/xla/table.py < "$work/results.json"
