# requeue - build, test, install. `make help` lists what there is.
#
# One file, sources by wildcard: a new .c in a known room is part of the program, a new
# tests/unit/test_X.c is a test. Each flavour (release, asan, tsan) has its own folder of
# objects, so they never mix and a switch costs nothing.
#
#   make V=1            show the commands          make WERROR=1     warnings are errors
#   make SAN=address    address + undefined        make SAN=thread   data races
#   make BUILD=/tmp/b   build somewhere else       make PREFIX=/usr  install somewhere else
#   make unit T="tests/unit/test_json.c"           only these tests
#   make unit ROOMS="lib/base lib/kestra"          only these rooms of the program

VERSION := 0.1.0

# The release compiler is gcc: part of the warnings below are its own.
ifeq ($(origin CC),default)
CC := gcc
endif
CLANG_FORMAT ?= clang-format-14
CLANG_TIDY   ?= clang-tidy-14
PREFIX       ?= /usr/local
BUILD        ?= build
JOBS         ?= $(shell nproc)

# ---- flavour -----------------------------------------------------------------------------

SAN ?=
ifeq ($(SAN),)
FLAVOUR  := release
BIN      := $(BUILD)/requeue
OPT      := -O2 -g
HARDEN   := -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
else ifeq ($(SAN),address)
FLAVOUR  := asan
BIN      := $(BUILD)/asan/requeue
OPT      := -O1 -g -fno-omit-frame-pointer
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all
else ifeq ($(SAN),thread)
FLAVOUR  := tsan
BIN      := $(BUILD)/tsan/requeue
OPT      := -O1 -g -fno-omit-frame-pointer
SANFLAGS := -fsanitize=thread
else
$(error SAN is "$(SAN)": it can be address or thread)
endif
B := $(BUILD)/$(FLAVOUR)

# ---- files -------------------------------------------------------------------------------

ROOMS   ?= cli rebuild verify lib/*
SRC     := $(sort $(wildcard $(ROOMS:%=%/*.c)))
HDR     := $(sort $(wildcard cli/*.h rebuild/*.h verify/*.h lib/*/*.h tests/*/*.h))
SUPPORT := $(sort $(wildcard tests/support/*.c))
UNIT    := $(sort $(wildcard tests/unit/test_*.c))
FAULT   := $(sort $(wildcard tests/fault/test_*.c))
INTEG_C := $(sort $(wildcard tests/integration/test_*.c))
INTEG_S := $(sort $(wildcard tests/integration/test_*.sh))
SEARCH  := $(sort $(wildcard tests/integration/search_*.sh))
TOOLS   := $(sort $(wildcard tests/tools/*.c))
ALL_C   := $(SRC) $(SUPPORT) $(UNIT) $(FAULT) $(INTEG_C) $(TOOLS)

# T="tests/unit/test_a.c tests/integration/test_b.sh" narrows every kind of test down.
pick      = $(if $(T),$(filter $(T),$(1)),$(1))
objects   = $(patsubst %.c,$(B)/%.o,$(1))
programs  = $(patsubst %.c,$(B)/%,$(1))
LIB       := $(B)/librequeue.a
TESTLIB   := $(B)/libtest.a
TOOLPROGS := $(call programs,$(TOOLS))

# ---- libraries and flags -----------------------------------------------------------------

PKGS     := rdkafka libpq libcurl yajl yaml-0.1 libxxhash zlib libcrypto
TESTPKGS := cmocka

# Goals that have to work on a bare machine do not ask for the libraries.
BARE := test demo help clean format format-check layers shellcheck uninstall dist deb deb-test test-passes
ifneq ($(filter-out $(BARE),$(or $(MAKECMDGOALS),all)),)
MISSING := $(shell for p in $(PKGS); do pkg-config --exists $$p 2>/dev/null || printf '%s ' $$p; done)
ifneq ($(MISSING),)
$(error pkg-config does not find: $(MISSING)- run scripts/install-deps (needs root or sudo) and try again)
endif
# The libraries' headers are system headers to us: their warnings are not ours.
PKG_CFLAGS := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PKGS)))
PKG_LIBS   := $(shell pkg-config --libs $(PKGS))
TEST_LIBS  := $(shell pkg-config --libs $(TESTPKGS) 2>/dev/null)
endif

WARN := -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes \
        -Wmissing-prototypes -Wold-style-definition -Wcast-qual -Wwrite-strings -Wpointer-arith \
        -Wvla -Wformat=2 -Wundef -Wnull-dereference -Wduplicated-cond -Wlogical-op -Wswitch-enum
# Sanitizer code makes gcc guess wrongly about these two; the release flavour has them on.
WARN += $(if $(SAN),-Wno-null-dereference -Wno-maybe-uninitialized)

DEFS    := -D_GNU_SOURCE -DREQUEUE_VERSION='"$(VERSION)"' -I.
COMPILE  = $(CC) -std=c11 $(DEFS) $(PKG_CFLAGS) $(CPPFLAGS) $(WARN) $(if $(WERROR),-Werror) \
           $(OPT) $(HARDEN) -fPIE -pthread $(SANFLAGS) $(CFLAGS)
LINK     = $(CC) -pie -pthread $(SANFLAGS) -Wl,-z,relro,-z,now $(LDFLAGS)

Q   := $(if $(V),,@)
say  = $(if $(V),,@printf '  %-6s %s\n' '$(1)' '$(2)')

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.PHONY: all tests tools test test-passes demo unit fault integration integration-run integration-search integration-es8 \
        integration-es7 integration-os2 messages check layers headers \
        format-check tidy shellcheck installed bench soak install uninstall dist deb deb-test format clean help FORCE

# ---- program -----------------------------------------------------------------------------

all: $(BIN) ## The program, build/requeue (SAN=address: build/asan/requeue, SAN=thread: build/tsan/requeue)

$(BIN): $(call objects,$(SRC))
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(LINK) $^ -o $@ $(PKG_LIBS)

# Objects are written again when the flags change; the file changes only when they do.
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(call quote,$(COMPILE)) | cmp -s - $@ || printf '%s\n' $(call quote,$(COMPILE)) > $@

quote = '$(subst ','\'',$(1))'

$(B)/%.o: %.c $(B)/flags
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(COMPILE) -MMD -MP -c $< -o $@

# It takes these in as bytes (.incbin), which the compiler does not tell.
$(B)/cli/page.o: cli/page.css cli/page.js

-include $(patsubst %.c,$(B)/%.d,$(ALL_C))

# ---- tests -------------------------------------------------------------------------------

# An archive, so that a test program takes only what it uses.
$(LIB): $(call objects,$(filter-out cli/main.c,$(SRC)))
$(TESTLIB): $(call objects,$(SUPPORT))
$(LIB) $(TESTLIB):
	$(call say,AR,$@)
	$(Q)mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcsD $@ $^

$(B)/tests/%: $(B)/tests/%.o $(TESTLIB) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(LINK) $< $(TESTLIB) $(LIB) -o $@ $(PKG_LIBS) $(TEST_LIBS)

# A slow machine or a sanitizer may need more: make TIMEOUT=600 fault
TIMEOUT ?= 600
RUN      = $(RUNENV) scripts/run-tests --timeout $(TIMEOUT)

# What the program said to people in all integration tests, added by each (tests/integration/lib.sh).
MESSAGES := $(B)/messages

# Test programs find the checkout, the program and the flavour in their environment. (The program
# finds its layouts beside itself, unless it is built somewhere else.)
RUNENV := REQUEUE_MESSAGES='$(abspath $(MESSAGES))' REQUEUE_ROOT='$(CURDIR)' REQUEUE_BIN='$(abspath $(BIN))' REQUEUE_FLAVOUR=$(FLAVOUR) \
          REQUEUE_TEST_TOOLS='$(abspath $(B)/tests/tools)' \
          ASAN_OPTIONS='detect_leaks=1:strict_string_checks=1:$(ASAN_OPTIONS)' \
          $(if $(filter-out build,$(BUILD)),REQUEUE_LAYOUTS='$(CURDIR)/schemas/layouts') \
          $(if $(SAN),REQUEUE_TEST_ROUNDS=$${REQUEUE_TEST_ROUNDS:-2000}) \
          UBSAN_OPTIONS='print_stacktrace=1:halt_on_error=1:$(UBSAN_OPTIONS)' \
          TSAN_OPTIONS='halt_on_error=1:second_deadlock_stack=1:$(TSAN_OPTIONS)'

tests: $(call programs,$(UNIT) $(FAULT) $(INTEG_C)) $(TOOLPROGS)
tools: $(TOOLPROGS)

unit: $(call programs,$(call pick,$(UNIT))) ## Unit tests: no server, also with SAN=address and SAN=thread
	@$(RUN) --jobs $(JOBS) --label 'unit $(FLAVOUR)' $^

fault: $(BIN) $(TOOLPROGS) $(call programs,$(call pick,$(FAULT))) ## Failures on purpose: no server, also with SAN=address
	@$(RUN) --jobs $(JOBS) --label 'fault $(FLAVOUR)' $(filter $(B)/tests/fault/%,$^)

# Servers are started for the whole run, unless the caller has them already.
integration: ## Against real PostgreSQL and Kafka, started in a temporary folder, also with SAN=address
	@$(if $(REQUEUE_TEST_POSTGRES),,scripts/with-postgres) $(MAKE) --no-print-directory integration-run

# Tests of search stores run once for each server of SEARCH_FLAVOURS; what does not depend on the
# product, only on the first of them. They share indices, so one server has one test at a time.
SEARCH_FLAVOURS ?= es8 es7 os2
SEARCH_ONCE     := $(patsubst %,tests/integration/search_%.sh,bad same secured topics)
search_tests     = $(call pick,$(if $(filter $(1),$(firstword $(SEARCH_FLAVOURS))),$(SEARCH),$(filter-out $(SEARCH_ONCE),$(SEARCH))))

integration-search: $(SEARCH_FLAVOURS:%=integration-%) ## Search stores alone, on each of SEARCH_FLAVOURS="es8 es7 os2"

integration-es8 integration-es7 integration-os2: integration-%: $(BIN) $(TOOLPROGS) ## Search stores on one server: integration-es8, integration-es7, integration-os2
	@$(if $(call search_tests,$*),$(if $(REQUEUE_TEST_POSTGRES),,scripts/with-postgres) scripts/with-kafka \
	    scripts/with-search $* $(RUN) --label 'integration $(FLAVOUR) $*' $(call search_tests,$*))

# Each test has databases and topics of its own; a part of them shares a Kafka, because a broker that
# holds the topics of all, some ten thousand partitions, becomes too slow to make more. Tests wait more
# than they compute, so as many parts as there are jobs run beside each other, the longest first.
INTEGRATION_PARTS := sh_a_l sh_m_r sh_s_z c
integration_c      = $(INTEG_C)
integration_sh_a_l = $(filter $(foreach l,a b c d e f g h i j k l,tests/integration/test_$(l)%),$(INTEG_S))
integration_sh_m_r = $(filter $(foreach l,m n o p q r,tests/integration/test_$(l)%),$(INTEG_S))
integration_sh_s_z = $(filter-out $(integration_sh_a_l) $(integration_sh_m_r),$(INTEG_S))
picked_parts       = $(if $(call pick,$(SEARCH)),$(SEARCH_FLAVOURS:%=integration-%)) \
                     $(foreach part,$(INTEGRATION_PARTS),$(if $(call pick,$(integration_$(part))),integration-part-$(part)))

integration-parts: $(picked_parts)

$(INTEGRATION_PARTS:%=integration-part-%): integration-part-%: $(BIN) $(TOOLPROGS) $(call programs,$(call pick,$(INTEG_C)))
	@$(if $(REQUEUE_TEST_KAFKA),,scripts/with-kafka) $(RUN) --label 'integration $(FLAVOUR)' \
	    $(call programs,$(filter %.c,$(call pick,$(integration_$*)))) $(filter %.sh,$(call pick,$(integration_$*)))

# On a Kafka that is there already the parts follow each other.
integration-run: $(BIN) $(TOOLPROGS) $(call programs,$(call pick,$(INTEG_C)))
	@$(if $(T),,rm -f '$(MESSAGES)')
	+@$(SUB) $(if $(REQUEUE_TEST_KAFKA),-j1) -k integration-parts

messages: ## Every message of the integration tests that were run, with its hint, to be read in one go: build/messages.txt
	@[ -s '$(MESSAGES)' ] || { echo 'no messages yet: run make integration'; exit 1; }
	@sort -u '$(MESSAGES)' | sed 's/\t/  /; s/\trequeue: hint: /\n        hint: /g; s/requeue: //' > '$(BUILD)/messages.txt'
	@echo "$(BUILD)/messages.txt: $$(grep -c ^exit '$(BUILD)/messages.txt') messages"

# Longer than CI has time for: 1,000,000 random documents, 200 random worlds of topics.
soak: $(BIN) $(TOOLPROGS) $(B)/tests/unit/test_compare_random ## The random tests at length: documents, and the mutation test with 200 seeds (about ten minutes)
	@REQUEUE_TEST_ROUNDS=1000000 $(RUNENV) scripts/run-tests --timeout 3600 --label 'soak $(FLAVOUR)' $(B)/tests/unit/test_compare_random
	@$(RUNENV) REQUEUE_TEST_SEEDS=200 scripts/with-postgres scripts/with-kafka bash tests/integration/test_mutations.sh

# ---- everything --------------------------------------------------------------------------

# A step that fails is counted and the next one runs all the same, so that one run shows all
# there is to repair; the last line is the sum. The tally is a file because the steps are
# processes of their own.
TALLY  := $(abspath $(BUILD))/tally
STEP   := REQUEUE_TALLY='$(TALLY)' scripts/run-tests --step
SUB     = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))
# Which integration tests run a second time, under the address sanitizer: those that take the
# program through its whole line, of search stores on one server. The others repeat the same code
# with other messages.
ASAN_INTEGRATION ?= $(INTEG_C) $(filter %/test_line.sh %/test_hostile.sh %/test_interrupt.sh %/test_resume.sh,$(INTEG_S)) \
                    tests/integration/search_line.sh

test: ## Everything CI runs, on a bare machine too; ends with "N passed, N failed"
	@scripts/install-deps
	@$(MAKE) --no-print-directory test-passes

test-passes:
	@mkdir -p $(BUILD) && : > '$(TALLY)'
	+@$(STEP) 'build release' $(SUB) all tests
	+@$(STEP) 'check' $(SUB) -k check
	+@$(STEP) 'unit release' $(SUB) unit
	+@$(STEP) 'fault release' $(SUB) fault
	+@$(STEP) 'build address' $(SUB) SAN=address all tests
	+@$(STEP) 'unit address' $(SUB) SAN=address unit
	+@$(STEP) 'fault address' $(SUB) SAN=address fault
	+@$(STEP) 'unit thread' $(SUB) SAN=thread unit
	+@$(STEP) 'integration release' $(SUB) integration
	+@$(STEP) 'integration address' $(SUB) SAN=address T="$(strip $(ASAN_INTEGRATION))" SEARCH_FLAVOURS=es8 integration
	@REQUEUE_TALLY='$(TALLY)' scripts/run-tests --total

STORE ?= postgres

demo: ## Load what a real Kestra left, rebuild its topics in a real Kafka, prove them (STORE=elastic, STORE=opensearch)
	@scripts/install-deps
	+@$(SUB) all
	@REQUEUE_BIN='$(abspath $(BIN))' DEMO_STORE='$(STORE)' scripts/demo

# make bench BENCH="-n 1000000 -p 5 --json bench.json --markdown"
bench: $(BIN) $(TOOLPROGS) ## Measure against yardsticks run in the same minute (scripts/bench)
	@$(RUNENV) scripts/bench $(BENCH)

# ---- checks ------------------------------------------------------------------------------

check: layers headers format-check tidy shellcheck installed ## What a reviewer should not have to say

layers: ## Includes go one way, each library has one door, only cli/ prints
	$(call say,LAYERS,)
	$(Q)scripts/check-layers

headers: $(HDR:%=$(B)/%.ok) ## Each header compiles on its own

$(B)/%.h.ok: %.h $(B)/flags
	$(call say,HEADER,$<)
	$(Q)mkdir -p $(@D)
	$(Q)printf '#include "%s"\n' $< | $(COMPILE) -Wno-unused-function -MD -MP -MT $@ -MF $(@:.ok=.d) -fsyntax-only -x c -
	$(Q)touch $@

-include $(HDR:%=$(B)/%.d)

format-check: ## What `make format` would change is refused
	$(call say,FORMAT,)
	$(Q)bad=; for f in $(sort $(ALL_C) $(HDR)); do \
	    $(CLANG_FORMAT) --style=file "$$f" | cmp -s - "$$f" || { echo "$$f: not formatted, run make format"; bad=1; }; \
	done; [ -z "$$bad" ]

tidy: $(ALL_C:%=$(BUILD)/tidy/%.ok) ## clang-tidy, no finding allowed

# Any header may change the answer for any file.
$(BUILD)/tidy/%.ok: % $(HDR) .clang-tidy
	$(call say,TIDY,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG_TIDY) --quiet $< -- -std=c11 $(DEFS) $(PKG_CFLAGS) $(CPPFLAGS) -pthread 2>&1 \
	    | { ! grep -v -e 'warnings\? generated\.$$' -e '^Suppressed ' -e '^Use -header-filter'; }
	$(Q)touch $@

shellcheck: ## The scripts
	$(call say,SHELL,)
	$(Q)if command -v shellcheck >/dev/null; then \
	    shellcheck -x $$(grep -lsE '^#!/bin/(ba)?sh' scripts/* .ci/* tests/*/*.sh); \
	    else echo 'shellcheck is not installed: scripts not checked'; fi

installed: $(BIN) ## What `make install` installs runs outside the checkout; `make uninstall` leaves nothing
	$(call say,CHECK,install)
	+$(Q)scripts/check-install '$(MAKE)'

format: ## Format all sources
	$(Q)$(CLANG_FORMAT) --style=file -i $(sort $(ALL_C) $(HDR))

# ---- the rest ----------------------------------------------------------------------------

# Not in bin: they are run once, and a link there finds what stands beside them all the same.
SEED_TOOLS := snapshot-elasticsearch restore-elasticsearch

install: $(BIN) ## Into PREFIX (default /usr/local), under DESTDIR
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/share/requeue/layouts' \
	    '$(DESTDIR)$(PREFIX)/share/requeue/scripts' '$(DESTDIR)$(PREFIX)/share/man/man1' \
	    '$(DESTDIR)$(PREFIX)/share/bash-completion/completions'
	install -m 0755 $(BIN) '$(DESTDIR)$(PREFIX)/bin/requeue'
	for f in schemas/layouts/*.yml; do [ ! -e "$$f" ] || install -m 0644 "$$f" '$(DESTDIR)$(PREFIX)/share/requeue/layouts/'; done
	install -m 0755 $(SEED_TOOLS:%=scripts/%) '$(DESTDIR)$(PREFIX)/share/requeue/scripts/'
	install -m 0644 scripts/elasticsearch.sh '$(DESTDIR)$(PREFIX)/share/requeue/scripts/'
	$(BIN) help man > $(B)/requeue.1
	install -m 0644 $(B)/requeue.1 '$(DESTDIR)$(PREFIX)/share/man/man1/requeue.1'
	$(BIN) help completion > $(B)/requeue.bash
	install -m 0644 $(B)/requeue.bash '$(DESTDIR)$(PREFIX)/share/bash-completion/completions/requeue'

uninstall: ## Remove what install wrote
	rm -f '$(DESTDIR)$(PREFIX)/bin/requeue' '$(DESTDIR)$(PREFIX)/share/man/man1/requeue.1' \
	    '$(DESTDIR)$(PREFIX)/share/bash-completion/completions/requeue'
	rm -rf '$(DESTDIR)$(PREFIX)/share/requeue'

# Of what is committed, under one name and with nobody's time stamps: it builds where there is no git.
DIST := requeue-$(VERSION)

dist: ## build/requeue-VERSION.tar.gz of what is committed
	@mkdir -p $(BUILD)
	git archive --format=tar.gz --prefix=$(DIST)/ -o $(BUILD)/$(DIST).tar.gz HEAD
	@echo '$(BUILD)/$(DIST).tar.gz'

deb: dist ## build/requeue_VERSION_ARCH.deb, the Debian package of what is committed
	@scripts/deb build '$(BUILD)' $(VERSION)

# Minutes, root and the network: not part of CI.
deb-test: deb ## The tarball builds without git; the package is clean, runs in a bare Debian 12 and leaves nothing (root)
	@scripts/deb test '$(BUILD)' $(VERSION)

clean: ## Remove the build folder
	rm -rf -- '$(BUILD)'

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@sed -n 's/^#   //p' $(firstword $(MAKEFILE_LIST))

FORCE:
