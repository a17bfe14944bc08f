# make run: everything that is needed, then the product at http://127.0.0.1:8000
# make test: the same set-up, then every check and test. Both need Python 3.11+ and make only.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON_RUN := env PYTHONSAFEPATH=1 PYTHONPATH='$(CURDIR)' .venv/bin/python
PYTEST := $(PYTHON_RUN) -m pytest
LOCK := .build/boot/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate

.PHONY: help run stop setup test check lint bench faults docs format lock clean

help: ## 这张表 · this list
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1	\2/' | expand -t 18
	@echo '  PORT=8000  DATA_DIR=var  DATABASE_URL=postgresql://…   例 · e.g. make run PORT=8123 DATA_DIR=/srv/cheban'

run: ## 安装、启动 · set up and start (PORT=, DATA_DIR=, DATABASE_URL=)
	@bin/setup runtime
	@exec $(PYTHON_RUN) -m cheban run

stop: ## 停止数据库 · stop the database left running by bin/cheban
	@bin/cheban stop

setup: ## 开发环境 · tools and dependencies of developers
	@bin/setup dev

test: ## 全部检查和测试 · every check and test
	@bin/setup test
	@$(MAKE) --no-print-directory lint
	@$(PYTEST) -n 2 --dist worksteal $(ARGS)

lint:
	@$(PYTHON_RUN) -m ruff check .
	@$(PYTHON_RUN) -m ruff format --check --quiet .
	@$(PYTHON_RUN) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	@! grep -n '://' requirements/*.txt package-lock.json .npmrc 2>/dev/null \
		|| { echo '锁定文件里不得有网址（make lock 重新生成） · lock files must not name hosts: run make lock'; exit 1; }

bench: ## 性能基准 · benchmarks, written to docs/benchmarks.md
	@bin/setup dev
	@$(PYTHON_RUN) -m bench $(ARGS)

faults: ## 故障测试 · the long fault tests: full disk, 100 kills under load, restore of 200,000, 100,000 messages with 50 kills, the API fuzzed at length
	@bin/setup test
	@$(PYTEST) -m faults
	@$(PYTHON_RUN) -m tests.faults $(ARGS)

docs: ## 文档网站 · the doc site, in .build/site
	@bin/setup dev
	@$(PYTHON_RUN) bin/docs.py --build

format: ## 格式化代码 · format the code
	@bin/setup dev --quiet
	@$(PYTHON_RUN) -m ruff check --fix --quiet .
	@$(PYTHON_RUN) -m ruff format --quiet .

lock: ## 重新锁定依赖 · lock the dependencies anew
	@bin/setup dev --quiet
	@cd requirements && for name in boot build runtime; do \
		../$(LOCK) $$name.in -o $$name.txt >/dev/null || exit 1; done
	@cd requirements && ../$(LOCK) dev.in -c runtime.txt -o dev.txt >/dev/null

clean: ## 删掉安装和构建的东西，数据保留 · remove what was installed and built, keep the data
	@rm -rf .build .venv node_modules cheban/site/static_built .pytest_cache .ruff_cache .mypy_cache \
		.hypothesis .import_linter_cache
	@find cheban bench tests -name __pycache__ -type d -prune -exec rm -rf {} +
	@find cheban -name '*.mo' -delete
