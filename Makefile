# Every target but `gpu` makes the virtual environment that it needs; a bare machine with Python >= 3.10, pip and make
# will do.
PYTHON ?= python3
export PYTHONUNBUFFERED := 1

# Exact versions, for pip.
CONSTRAINTS := constraints.txt

# What the native kernels are built from.
NATIVE := CMakeLists.txt tools/build_backend.py $(wildcard src/carousel/kernels/csrc/*)

.PHONY: demo test check bench gpu docs integration native sanitize clean

demo: .venv/demo/ready ## learn to tell nine speakers apart, and write a report
	.venv/demo/bin/carousel fit

test: .venv/test/ready ## the whole test suite
	OMP_NUM_THREADS=1 .venv/test/bin/pytest -q -n auto --dist loadfile # tensors this small only lose by threads

check: .venv/test/ready docs ## style, types, and a strict build of the site
	.venv/test/bin/ruff format --check .
	.venv/test/bin/ruff check .
	.venv/test/bin/mypy

bench: .venv/bench/ready ## speed and memory beside others, into benchmarks/results/
	.venv/bench/bin/carousel bench

gpu: ## tests, measures and records the kernels on the GPU of this machine, with the Python that has torch there
	$(PYTHON) tools/gpu

docs: .venv/test/ready ## the site, into site/
	NO_MKDOCS_2_WARNING=1 .venv/test/bin/mkdocs build --strict --quiet

# fastai comes without its dependencies: its text models need nothing of torchvision, whose wheel loads only beside the
# build of torch, CPU or CUDA, that it was made for.
integration: .venv/integration/ready ## train packages that build on nn.LSTM with our layers, into tests/integration/results.md
	.venv/integration/bin/python -m pip install --disable-pip-version-check -q --no-deps \
	  -c tests/integration/constraints.txt fastai
	OMP_NUM_THREADS=1 .venv/integration/bin/pytest -q tests/integration

native: ## compile the kernels of the test environment again after an edit, only what changed; or show the error
	test -e .venv/test/ready || $(MAKE) .venv/test/ready
	.venv/test/bin/python -m pip install --disable-pip-version-check -q --no-build-isolation --no-deps \
	  --config-settings build-dir=.venv/test/native --config-settings wheel.cmake=true -e .
	touch .venv/test/ready

sanitize: .venv/test/ready ## the kernels' tests under AddressSanitizer, UndefinedBehaviorSanitizer and ThreadSanitizer
	.venv/test/bin/python tools/sanitize.py

clean: ## remove what the other targets made, but no runs
	rm -rf .venv site

.venv/demo/ready: EXTRAS = train
.venv/bench/ready: EXTRAS = train,bench
.venv/test/ready: EXTRAS = train,export,test,docs
.venv/integration/ready: EXTRAS = integration
.venv/integration/ready: CONSTRAINTS += tests/integration/constraints.txt
.venv/integration/ready: tests/integration/constraints.txt

# Some systems ship Python without ensurepip: there the system's own pip installs a pip into the environment.
# The variables let the constraints hold for what builds the kernels too, in older pips and newer.
.venv/%/ready: pyproject.toml constraints.txt $(NATIVE)
	$(PYTHON) -m venv .venv/$* 2>/dev/null || { \
	  $(PYTHON) -m venv --without-pip --clear .venv/$* && \
	  .venv/$*/bin/python "$$($(PYTHON) -c 'import pip; print(pip.__path__[0])')" install -q --ignore-installed pip; }
	PIP_CONSTRAINT="$(CONSTRAINTS)" PIP_BUILD_CONSTRAINT=constraints.txt \
	  .venv/$*/bin/python -m pip install --disable-pip-version-check -q -e '.[$(EXTRAS)]'
	touch $@
