# The targets, with their time budgets, are explained in CONTRIBUTING.md.

GO ?= go
CMDS := $(notdir $(wildcard cmd/*))

# Programs tell their commit (--version), also where GOFLAGS says otherwise.
VCS := $(shell git rev-parse --verify -q HEAD >/dev/null 2>&1 && echo true || echo auto)
BUILD := $(GO) build -trimpath -buildvcs=$(VCS)

# The race detector needs a C compiler and a supported system.
RACE = $(eval RACE := $(shell $(GO) build -race -o /dev/null ./internal/version >/dev/null 2>&1 && echo -race))$(RACE)
# Packages with tests of memory and time, which the race detector and company distort.
UNRACED := $(sort $(addprefix ./,$(dir $(shell git ls-files -co --exclude-standard '*norace_test.go' 2>/dev/null))))

STATICCHECK := $(GO) tool -modfile=$(CURDIR)/tools/go.mod staticcheck

# Days that proof simulates.
SIM_SEEDS ?= 2000

# How long make soak takes.
SOAK ?= $(if $(filter true,$(CI)),3m,10m)

.DEFAULT_GOAL := build

.PHONY: build demo test integration-test screenshots sleep-test soak proof mutants bench bench-quick bench-recovery lint fmt fuzz cross clean

build:
	$(BUILD) -o bin/ $(addprefix ./cmd/,$(CMDS))

demo: build
	$(GO) build -o bin/demo/ ./internal/demo
	@bin/demo/demo -bin bin

test:
	$(if $(RACE),,@echo "make test: no race detector here (it needs a C compiler); testing without")
	$(GO) test $(RACE) -timeout 4m ./...
	$(if $(and $(RACE),$(UNRACED)),$(GO) test -p 1 -timeout 2m $(UNRACED))
	cd bench && $(GO) test ./...

integration-test:
	@scripts/setup integration
	# Most of their time is waiting, for outages to pass.
	$(GO) test -tags=integration -timeout 10m -parallel 8 -v ./test/...
	# Three browser tabs at a time are what two cores can show.
	cd test/browser && $(GO) test -tags=integration -timeout 4m -parallel 3 -v ./...

# The pictures of the README. They show real programs, with an invented past.
screenshots:
	@scripts/setup integration
	cd test/browser && $(GO) test -tags=integration,screenshots -count=1 -timeout 4m -run '^TestScreenshots$$' -v .

# Every byte is cut, days of trouble are simulated, and two processes are killed 500 times.
proof:
	EVERY_BYTE=1 $(GO) test -timeout 8m -run TestEveryByte -v . ./session/sessiontest
	BRUM_SIM_SEEDS=$(SIM_SEEDS) $(GO) test -timeout 8m -run TestSimulation -v ./session
	$(GO) test -tags=integration -timeout 4m -run '^TestH5_kill_9_of_either_process$$' -v ./session/journal

# Faults that are put into the code, each of which the tests have to find.
mutants:
	$(GO) test -tags=integration -timeout 20m -p 1 -run '^TestMutants$$' -v ./session ./session/durable

sleep-test:
	# Sets itself up, as root on Debian: qemu and a kernel to suspend. See docs/sleep-test.md.
	$(GO) test -tags=sleep -count=1 -timeout 6m -v ./test/sleep

soak:
	SOAK=$(SOAK) $(GO) test -tags=integration,soak -run 'TestSoak$$' -timeout 24h -v ./test/lab

# BENCH: more flags, such as -note or -scenario storm (which writes no document).
bench:
	cd bench && $(GO) run . $(if $(findstring -scenario,$(BENCH)),,-doc ../docs) $(BENCH)

bench-recovery:
	$(GO) test -tags=integration -timeout 3m -count=1 -run '^TestM7_RecoveryBesideHTTP$$' -v ./test

bench-quick:
	cd bench && $(GO) run . -quick $(BENCH)

lint:
	@scripts/gofmt-check
	$(GO) vet ./...
	$(GO) vet -tags=integration,soak ./test/... ./session/...
	$(GO) vet -tags=sleep ./test/sleep/...
	cd bench && $(GO) vet ./...
	cd test/browser && $(GO) vet -tags=integration,screenshots ./...
	$(STATICCHECK) ./...
	$(STATICCHECK) -tags=integration,soak ./test/... ./session/...
	$(STATICCHECK) -tags=sleep ./test/sleep/...
	cd bench && $(STATICCHECK) ./...
	cd test/browser && $(STATICCHECK) -tags=integration,screenshots ./...
	@scripts/vulncheck

fmt:
	gofmt -s -w $$(git ls-files -co --exclude-standard '*.go')

fuzz:
	@scripts/fuzz

cross:
	@scripts/cross

clean:
	rm -rf bin
