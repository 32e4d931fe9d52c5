# 公開 Kokai: `make run` does the main job on the samples, `make test` runs the tests.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install run test test-shared lint golden bench bench-validate bench-geocode bench-catalogue bench-publish bench-ledger clean

help:  ## この一覧を表示します
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 以上が必要です / Python 3.11 or later is needed")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "必要な部品を $(VENV)/ に入れています… / installing into $(VENV)/"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@

install: $(STAMP)  ## .venv に必要なものを入れます

run: $(STAMP)  ## 見本のファイルを処理し、埋め込みカタログに公開し、KPIの表を出します
	@$(BIN)/kokai run

test: $(STAMP)  ## テスト(10分以内、ネットワークもCKANも不要)
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m "not shared and not ckan and not browser"

test-shared: $(STAMP)  ## 実ファイル・実CKANを使うテスト(KOKAI_SHARED、既定 ../shared)
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m "(shared or browser) and not ckan"
	@$(BIN)/python -m pytest -m ckan

lint: $(STAMP)  ## ruff と mypy --strict
	@$(BIN)/ruff check pipelines publish tests bench
	@$(BIN)/mypy

golden: $(STAMP)  ## 正解ファイルを書き直します(差分を必ず読むこと)
	@KOKAI_GOLDEN=write $(BIN)/python -m pytest tests/test_golden.py

bench: bench-validate bench-geocode bench-catalogue bench-ledger  ## 速さと正しさを、他の道具と並べて測ります

bench-validate: $(STAMP)
	@$(BIN)/python -m bench.validate --write

bench-catalogue: $(STAMP)  ## 2,000件のカタログを作る速さと大きさ
	@$(BIN)/python -m bench.catalogue

bench-geocode: $(STAMP)
	@$(BIN)/python -m bench.geocode

bench-ledger: $(STAMP)  ## 870,500行の台帳を確かめて数える速さ
	@$(BIN)/python -m bench.ledger

bench-publish: $(STAMP)  ## 実CKANへの公開を frictionless・ckanapi と並べて測ります(../shared が要ります)
	@$(BIN)/python -m bench.publish

clean:  ## var/ と一時ファイルを消します(台帳は消しません)
	@rm -rf var build dist .pytest_cache .mypy_cache .ruff_cache
