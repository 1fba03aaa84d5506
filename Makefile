# make demo   environment and the whole pipeline on the demo corpus, from nothing to results/demo/index.html
# make test   environment and the tests
# make fuzz   coverage-guided fuzzing of every parser, SECONDS=60 each; TARGETS="table archive" for some of them
# make test-cluster   the demo through Slurm, with faults, as root on Debian or Ubuntu (docs/clusters.md)
# make test-storage   a small experiment with data and results in an S3 bucket
# make test-faults   kills, full disks and damaged files on a miniature experiment; SEED=7 KILLS=50 (docs/failures.md)
# make lint   what continuous integration checks besides the tests
# make docs   the documentation as a site in build/site
# make lock   pin what pyproject.toml asks for; pins that still fit stay (python envs/lock.py --upgrade renews all)

SHELL := bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# torch is not in the lock: its build depends on the machine. A wheel in a folder of PIP_FIND_LINKS, the variable that pip
# itself reads, comes first. Without one, uv takes the build for the GPU that it finds, or the small CPU build. Name another
# with TORCH_BACKEND=cpu or cu128. The versions are bounded here and not in the package.
TORCH_BACKEND ?= auto
FIND_LINKS := $(foreach folder,$(PIP_FIND_LINKS),--find-links $(folder))
TORCH := $(if $(PIP_FIND_LINKS),$(FIND_LINKS),--torch-backend $(TORCH_BACKEND)) --constraint envs/torch.txt
CORES ?= $(shell nproc)
# One training job per device; without a device the number of cores is the bound.
GPUS := $(shell nvidia-smi --list-gpus 2>/dev/null | grep -c GPU || true)

.PHONY: demo test test-cluster test-faults test-storage fuzz lint docs lock clean

demo: $(VENV)/installed
	snakemake --cores $(CORES) --resources gpu=$(GPUS)

test: $(VENV)/installed
	pytest -n $(CORES) --dist loadfile --no-loadscope-reorder

fuzz: $(VENV)/installed
	VIRTUAL_ENV="$(CURDIR)/$(VENV)" uv pip install --quiet --group fuzz
	python tests/fuzz/guided.py --seconds $(or $(SECONDS),60) $(TARGETS)

test-cluster: $(VENV)/installed
	type slurmctld munged > /dev/null 2>&1 || { apt-get -qq update && apt-get -qq install --no-install-recommends slurm-wlm munge; }
	VIRTUAL_ENV="$(CURDIR)/$(VENV)" uv pip install --quiet --constraint envs/requirements.lock $(TORCH) -e '.[all,cluster]'
	python tests/cluster/run_slurm.py

# In a folder of its own: botocore needs an older python-dateutil than the lock.
test-storage: $(VENV)/installed
	mkdir -p build
	sed -e '/--hash/d' -e 's/ \\$$//' -e '/^python-dateutil/d' envs/requirements.lock > build/constraints.txt
	VIRTUAL_ENV="$(CURDIR)/$(VENV)" uv pip install --quiet --target build/storage-site --constraint build/constraints.txt \
	  'snakemake-storage-plugin-s3>=0.3.6,<0.4' 'moto[s3,server]>=5.2,<6'
	PYTHONPATH="$(CURDIR)/build/storage-site" python tests/cluster/run_s3.py

test-faults: $(VENV)/installed
	python tests/faults/run.py $(if $(SEED),--seed $(SEED)) $(if $(KILLS),--kills $(KILLS)) --cores $(CORES)

lint: $(VENV)/installed
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check Snakefile workflow
	lint-imports
	snakemake --lint

docs: $(VENV)/installed
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet
	@echo "The documentation: build/site/index.html"

lock: $(BIN)/uv
	python envs/lock.py

$(VENV)/installed: $(BIN)/uv envs/requirements.lock envs/torch.txt pyproject.toml
	VIRTUAL_ENV="$(CURDIR)/$(VENV)" uv pip install --quiet --compile-bytecode --require-hashes -r envs/requirements.lock
	VIRTUAL_ENV="$(CURDIR)/$(VENV)" uv pip install --quiet --compile-bytecode $(TORCH) -e '.[all]'
	touch $@

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit("ser needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12 …" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

clean:
	rm -rf $(VENV) .snakemake build data results logs
