# The commands a contributor types; `make help` lists them. The checks are the
# steps of .ci/run, which needs no make.

.DEFAULT_GOAL := help

PYTHON ?= python3
NETS ?= lenet
OLD ?= main
NEW ?= .
FLAGS ?=
export FUZZTIME RANDOMTIME VERSION

STEPS := $(shell sed -n 's/^step_\([a-z_]*\)().*/\1/p' .ci/run | tr _ -)

.PHONY: help ci build install bench compare regress golden $(STEPS)

help:
	@echo 'make ci        everything that must pass before a change lands: .ci/run'
	@echo 'make build     the program, static, as ./stride'
	@echo 'make install   the program, static, to where go install puts it'
	@echo 'make bench     the speed of this machine: NETS="lenet resnet18"'
	@echo 'make compare   Stride beside other engines: NETS="lenet resnet18" FLAGS=--quick'
	@echo 'make regress   two builds beside each other: OLD=main NEW=. FLAGS="--rounds 3"'
	@echo 'make golden    makes the golden files again: PYTHON=python3 with PyTorch, torchvision, Pillow, timm, grad-cam, captum, safetensors, scikit-learn, and ImageMagick'
	@echo
	@echo 'and, as make NAME, the steps of .ci/run, some with VERSION=v0.1.0, FUZZTIME=10s or RANDOMTIME=10s:'
	@.ci/run help

ci:
	.ci/run

$(STEPS):
	.ci/run $@

build:
	CGO_ENABLED=0 go build ./cmd/stride

install:
	CGO_ENABLED=0 go install ./cmd/stride

bench:
	go run ./cmd/stride bench $(NETS)

compare:
	go run ./bench/compare $(FLAGS) $(NETS)

regress:
	go run ./bench/regress $(FLAGS) $(OLD) $(NEW)

golden:
	set -e; for script in $$(git ls-files '*/testdata/make_*.py' book/translation/listings.py); do echo "$$script"; $(PYTHON) "$$script"; done
