#!/bin/bash
# install.sh [--folder FOLDER] [ENGINE...]: installs the engines that bench/compare measures beside Stride, each into a
# Python environment of its own, FOLDER/ENGINE, so that none changes the versions of another's libraries:
#
#     bench/compare/install.sh --folder rivals                    # all: 9 GB, of which PyTorch's libraries for GPUs are 6
#     bench/compare/install.sh --folder rivals openvino ncnn      # some
#     go run ./bench/compare --venvs rivals
#
# An ENGINE that is a link to an environment is left as it is. The versions and licences stand in requirements/ENGINE.txt.
# $PYTHON names the interpreter, Python 3.11 or later (default: python3). PyTorch's compiler needs g++.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=rivals
if [ "${1:-}" = --folder ]; then
	folder=${2:?--folder needs a folder}
	shift 2
fi
all=(pytorch onnxruntime openvino ncnn mnn litert jax)
for engine in "${@:-${all[@]}}"; do
	requirements=$here/requirements/$engine.txt
	[ -f "$requirements" ] || { echo "install.sh: there is no engine $engine: want some of ${all[*]}" >&2; exit 2; }
	if [ -L "$folder/$engine" ]; then
		echo "$folder/$engine is a link: nothing is installed there"
		continue
	fi
	"${PYTHON:-python3}" -m venv "$folder/$engine"
	pip=("$folder/$engine/bin/python" -m pip install --quiet --disable-pip-version-check)
	"${pip[@]}" --requirement "$requirements"
	if [ -f "$here/requirements/$engine-without-dependencies.txt" ]; then
		"${pip[@]}" --no-deps --requirement "$here/requirements/$engine-without-dependencies.txt"
	fi
	echo "$engine is installed in $folder/$engine"
done
