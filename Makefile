# Everything the project needs is set up by these targets themselves: on Debian
# and Ubuntu they install what is missing, elsewhere they name it. What they
# build for their own use goes to .cache, which git ignores.

SHELL       := /bin/bash -o pipefail
CACHE       := $(CURDIR)/.cache
TOOLS       := $(CACHE)/bin
WEB         := dashboard/web
VERSION     := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GOLANGCI    := v2.15.0
INFLUXD     := v1.8.10
TELEGRAF    := v1.37.2
export PATH := $(TOOLS):$(PATH)

.PHONY: demo run build web test check bench frontier faults tools debian clean

## demo: the living product on made-up people, in one command
demo: build
	bin/shouwang demo

## run: the service for a trial on this machine, state in ./data
run: build
	bin/shouwang serve --config docs/deploy/local.yaml

## build: bin/shouwang, with the page in it
build: web
	go build -ldflags '-s -w -X main.version=$(VERSION)' -o bin/shouwang ./cmd/shouwang

## web: the page, built only when its sources have changed
web: $(WEB)/dist/index.html

$(WEB)/dist/index.html: $(WEB)/node_modules/.package-lock.json $(shell find $(WEB)/src $(WEB)/public $(WEB)/index.html $(WEB)/vite.config.ts 2>/dev/null)
	cd $(WEB) && npm run --silent build

$(WEB)/node_modules/.package-lock.json: $(WEB)/package-lock.json
	cd $(WEB) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

## test: everything, against the real broker, database and browser
test: tools debian build
	.ci/check

## check: what test runs, when the tools are already there
check:
	.ci/check

## bench: Go benchmarks (for benchstat), then shouwang beside Telegraf; BENCH=-quick for a look
bench: tools $(TOOLS)/telegraf-$(TELEGRAF) debian
	go test -run '^$$' -bench . -benchmem ./... | tee $(CACHE)/bench.txt
	go run ./cmd/bench $(BENCH) | tee $(CACHE)/bench-telegraf.txt

## frontier: alerts at home against delay for each rule and set, into docs/detection.md
frontier: build
	bin/shouwang backtest frontier --out docs

## faults: kill, starve and mislead the service, and count what is lost
faults: tools $(TOOLS)/telegraf-$(TELEGRAF) debian
	go run ./cmd/faults

# The Go tools, pinned, and a real InfluxDB for the tests.
tools: $(TOOLS)/golangci-lint-$(GOLANGCI) $(TOOLS)/influxd influxd2

# InfluxDB 2 is in part written in Rust; some minutes the first time.
.PHONY: influxd2
ifeq ($(shell command -v cargo),)
influxd2:
	@echo "NOT BUILT: InfluxDB 2 needs Rust (cargo). The tests against 2.7 will be skipped; those against 1.8 run." >&2
else
influxd2: $(TOOLS)/influxd2

$(TOOLS)/influxd2: ingest/influx/server27/go.mod ingest/influx/server27/build
	ingest/influx/server27/build $@
endif

$(TOOLS)/golangci-lint-$(GOLANGCI):
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)
	@touch $@

$(TOOLS)/influxd:
	@command -v influxd >/dev/null || [ -n "$$SHOUWANG_TEST_INFLUXDB" ] || \
		GOBIN=$(TOOLS) go install github.com/influxdata/influxdb/cmd/influxd@$(INFLUXD)

$(TOOLS)/telegraf-$(TELEGRAF):
	GOBIN=$(TOOLS) go install -tags "custom,inputs.mqtt_consumer,outputs.influxdb_v2,parsers.json_v2,outputs.discard" github.com/influxdata/telegraf/cmd/telegraf@$(TELEGRAF)
	@touch $@

# Mosquitto and a browser. Where they cannot be installed, the tests that need
# them say so and are skipped; with CI set, they fail instead.
debian:
	@.ci/debian mosquitto mosquitto-clients chromium

clean:
	rm -rf bin $(WEB)/dist/assets $(WEB)/dist/index.html
