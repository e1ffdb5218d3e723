# The commands a contributor types. `make help` lists them. The checks are
# written in .ci/run, which needs no make.

.DEFAULT_GOAL := help

PYTHON ?= python3
export FUZZTIME RANDOMTIME VERSION

OLD ?= main
NEW ?= .
NETS ?= lenet

# Steps of .ci/run.
STEPS := format tidy imports vet lint test test-generic generate generated cross neon race fuzz random static main-job release

.PHONY: help ci build install bench compare regress golden $(STEPS)

help:
	@echo 'make ci               all that must pass before a change lands (.ci/run)'
	@echo 'make build            the program, static, as ./stride'
	@echo 'make install          the program, static, where go install puts it'
	@echo 'make test             all tests'
	@echo 'make test-generic     the tests that compute, on the pure Go kernels'
	@echo 'make race             the concurrent parts with the race detector; needs a C compiler'
	@echo 'make neon             the NEON kernels on an emulated arm64; needs QEMU'
	@echo 'make fuzz             every fuzz target for ten seconds: FUZZTIME=10s'
	@echo 'make random           the CPU engine on random graphs for ten seconds: RANDOMTIME=10s'
	@echo 'make vet, make lint   go vet; staticcheck, errcheck and ineffassign'
	@echo 'make format, make tidy, make imports, make generated, make cross, make static, make main-job'
	@echo '                      the other checks of .ci/run'
	@echo 'make generate         the assembly anew'
	@echo 'make golden           the golden files anew: PYTHON=python3; needs PyTorch, torchvision, Pillow, safetensors'
	@echo 'make bench            the speed of this machine: NETS="lenet resnet18"'
	@echo 'make compare          Stride beside PyTorch and ONNX Runtime: NETS="lenet resnet18"'
	@echo 'make release          the archives of a release in dist/: VERSION=v0.1.0'
	@echo 'make regress          two builds beside each other: OLD=main NEW=. FLAGS="--rounds 3"'

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
	go run ./bench/compare $(NETS)

regress:
	go run ./bench/regress $(FLAGS) $(OLD) $(NEW)

golden:
	for script in $$(git ls-files '*/testdata/make_*.py'); do echo "$$script"; $(PYTHON) "$$script" || exit 1; done
