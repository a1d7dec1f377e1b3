# Every target makes the virtual environment that it needs; a bare machine with Python >= 3.10, pip and make will do.
PYTHON ?= python3
export PYTHONUNBUFFERED := 1

.PHONY: demo test check bench docs clean

demo: .venv/demo/ready ## learn to tell nine speakers apart, and write a report
	.venv/demo/bin/carousel fit

test: .venv/test/ready ## the whole test suite
	OMP_NUM_THREADS=1 .venv/test/bin/pytest -q # tensors this small only lose by threads

check: .venv/test/ready docs ## style, types, and a strict build of the site
	.venv/test/bin/ruff format --check .
	.venv/test/bin/ruff check .
	.venv/test/bin/mypy

bench: .venv/bench/ready ## speed and memory beside others, into benchmarks/results/
	.venv/bench/bin/carousel bench

docs: .venv/test/ready ## the site, into site/
	NO_MKDOCS_2_WARNING=1 .venv/test/bin/mkdocs build --strict --quiet

clean: ## remove what the other targets made, but no runs
	rm -rf .venv site

.venv/demo/ready: EXTRAS = train
.venv/bench/ready: EXTRAS = train,bench
.venv/test/ready: EXTRAS = train,test,docs

# Some systems ship Python without ensurepip: there the system's own pip installs a pip into the environment.
.venv/%/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv/$* 2>/dev/null || { \
	  $(PYTHON) -m venv --without-pip --clear .venv/$* && \
	  .venv/$*/bin/python "$$($(PYTHON) -c 'import pip; print(pip.__path__[0])')" install -q --ignore-installed pip; }
	.venv/$*/bin/python -m pip install --disable-pip-version-check -q -c constraints.txt -e '.[$(EXTRAS)]'
	touch $@
