# gmq - the whole build. `make` builds, `make help` lists what else there is.
#
# Sources are found by folder: every src/LAYER/*.c belongs to its layer, every x_test.c to the unit runner.
# build/ holds the products; sanitizer builds have their own folders below it.

VERSION := 0.1.0
BUILD   ?= build
CC      ?= cc
PREFIX  ?= /usr/local
DESTDIR ?=
SAN     ?=
SEEDS   ?= 500
ROUNDS  ?= 30
SECONDS ?= 60
SOAK_DIR ?= /var/tmp/gmq-soak
GB      ?= 100
FUZZ    ?= segment checkpoint check
TURNS   ?= 1
PYTHON  ?= python3
# hypothesis comes with the system, perhaps not with another python that stands before it.
PROPERTY_PYTHON = $(firstword $(foreach p,$(PYTHON) /usr/bin/python3,$(shell $(p) -c "import hypothesis" 2>/dev/null \
    && echo $(p))) $(PYTHON))

LAYERS   := base wire engine store net app client gnode gregister gclient gweb
PROGRAMS := gnode gregister gclient gweb
PACKAGES := libuv libmicrohttpd gnutls json-c inih libcurl libcrypt

# Which layers a program is linked from, users before used.
LINK_gnode     := gnode app net store engine wire base
LINK_gregister := gregister app net wire base
LINK_gclient   := gclient client app net wire base
LINK_gweb      := gweb app net wire base

# ---- what must be installed --------------------------------------------------------------------------------------
NO_DEPS_GOALS := help clean layers purity tidy deps web-check
ifneq ($(filter-out $(NO_DEPS_GOALS),$(or $(MAKECMDGOALS),build)),)
ifeq ($(shell command -v pkg-config),)
$(error pkg-config is missing: run script/deps, or apt-get install pkg-config)
endif
MISSING := $(strip $(foreach p,$(PACKAGES),$(shell pkg-config --exists $(p) || echo $(p))))
ifneq ($(MISSING),)
$(error missing libraries: $(MISSING). Run script/deps, or install their -dev packages)
endif
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES))
PKG_LIBS   := $(shell pkg-config --libs $(PACKAGES))
endif

# ---- flags -------------------------------------------------------------------------------------------------------
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wpointer-arith \
        -Wcast-qual -Wwrite-strings -Wvla -Walloca -Wundef -Wformat=2 -Wimplicit-fallthrough
ifeq ($(DEV),1)
WARN += -Werror
endif
ifeq ($(SAN),)
HARDEN  := -fstack-protector-strong -D_FORTIFY_SOURCE=2
LDHARD  := -Wl,-z,relro,-z,now
OPT     := -O2 -g
else
HARDEN  := -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all
LDHARD  := -fsanitize=$(SAN)
OPT     := -O1 -g
endif
CPPFLAGS_ALL := -D_GNU_SOURCE -DGMQ_VERSION='"$(VERSION)"' -Isrc -Iinclude -Itests -I. $(PKG_CFLAGS)
CFLAGS_ALL   := -std=c11 $(OPT) $(WARN) -fno-common -fPIC -fvisibility=hidden -pthread $(HARDEN) $(CFLAGS)
LDFLAGS_ALL  := -pthread -Wl,--as-needed $(LDHARD) $(LDFLAGS)
COMPILE       = @mkdir -p $(@D) && $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

# ---- sources and products ----------------------------------------------------------------------------------------
sources  = $(filter-out %_test.c,$(wildcard src/$(1)/*.c))
objects  = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
archives = $(patsubst %,$(BUILD)/lib/%.a,$(1))

TEST_SRC := $(wildcard src/*/*_test.c) tests/unit/main.c $(wildcard sim/simdisk*.c)
SIM_SRC  := $(wildcard sim/*.c)
FUZZ_SRC := $(wildcard fuzz/*_fuzz.c)
FUZZERS  := $(patsubst fuzz/%_fuzz.c,%,$(FUZZ_SRC))
ALL_LINK := $(call archives,gweb gclient gregister gnode client app net store engine wire base)

# The pages of gweb. Once there they are kept up to date by every make; only `make web` asks npm, and so the network.
WEB       := build/web
WEB_FILES := $(shell find web -name node_modules -prune -o -type f -print 2>/dev/null)
WEB_OBJ   := $(if $(wildcard $(WEB)/assets.c),$(BUILD)/obj/$(WEB)/assets.o)
EXTRA_gweb := $(WEB_OBJ)
WEB_MAKE   = node web/tools/lib.mjs $(WEB)/lib && node web/tools/embed.mjs $(WEB) && touch $(WEB)/made
NPM_MISSING = $(if $(shell command -v npm),,  (after apt-get install npm))

.PHONY: build help clean install check unit sim fuzz-replay asan tsan layers purity tidy crash races measure e2e \
        conformance quickstart bare deps docs-settings bench-log record syscall-kill full-disk torn-tail property \
        clocks tsan-load fuzz-hours man completion soak-full web web-check web-test \
        web-images
build: $(PROGRAMS:%=$(BUILD)/%) $(BUILD)/libgmq.so $(BUILD)/libgmq.a
ifeq ($(WEB_OBJ),)
	@echo "gweb is built without its pages: make web$(NPM_MISSING) fetches what they need and adds them"
endif

define layer_rule
$(BUILD)/lib/$(1).a: $(call objects,$(filter-out src/$(1)/main.c,$(call sources,$(1))))
	@mkdir -p $$(@D) && rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call layer_rule,$(l))))

define program_rule
$(BUILD)/$(1): $(BUILD)/obj/src/$(1)/main.o $(EXTRA_$(1)) $(call archives,$(LINK_$(1)))
	$$(CC) $$(LDFLAGS_ALL) -o $$@ $$^ $$(PKG_LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))

$(BUILD)/obj/%.o: %.c
	$(COMPILE)
$(BUILD)/obj/src/gnode/openapi.o: docs/openapi.yaml

ifneq ($(WEB_OBJ),)
ifneq ($(and $(wildcard web/node_modules),$(shell command -v node)),)
$(WEB)/made: $(WEB_FILES)
	@$(WEB_MAKE)
$(WEB)/assets.c: $(WEB)/made ;
endif
endif

# libgmq: one relocatable object, so that the archive exports gmq_* and nothing else, as the shared library does.
LIBGMQ_OBJ := $(call objects,$(call sources,client))
$(BUILD)/libgmq.o: $(LIBGMQ_OBJ) $(call archives,wire base)
	@ld -r -o $@ $(LIBGMQ_OBJ) --start-group $(call archives,wire base) --end-group
	@objcopy --wildcard --keep-global-symbol='gmq_*' $@
$(BUILD)/libgmq.a: $(BUILD)/libgmq.o
	@rm -f $@ && ar rcs $@ $^
$(BUILD)/libgmq.so: $(LIBGMQ_OBJ) $(call archives,wire base)
	$(CC) -shared -Wl,-soname,libgmq.so.0 $(LDFLAGS_ALL) -o $@ $(LIBGMQ_OBJ) $(call archives,wire base) $(PKG_LIBS)

$(BUILD)/unit: $(call objects,$(TEST_SRC)) $(ALL_LINK)
	$(CC) $(LDFLAGS_ALL) -o $@ $(call objects,$(TEST_SRC)) -Wl,--start-group $(ALL_LINK) -Wl,--end-group $(PKG_LIBS) -lcmocka
$(BUILD)/gmqsim: $(call objects,$(SIM_SRC)) $(ALL_LINK)
	$(CC) $(LDFLAGS_ALL) -o $@ $(call objects,$(SIM_SRC)) -Wl,--start-group $(ALL_LINK) -Wl,--end-group $(PKG_LIBS)
SIMDISK_OBJ := $(call objects,$(wildcard sim/simdisk*.c))
$(BUILD)/fuzz/%-replay: $(BUILD)/obj/fuzz/%_fuzz.o $(BUILD)/obj/fuzz/replay.o $(SIMDISK_OBJ) $(ALL_LINK)
	@mkdir -p $(@D) && $(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) -Wl,--start-group $(ALL_LINK) -Wl,--end-group $(PKG_LIBS)
$(BUILD)/fuzz/%: $(BUILD)/obj/fuzz/%_fuzz.o $(SIMDISK_OBJ) $(ALL_LINK)
	@mkdir -p $(@D) && $(CC) $(LDFLAGS_ALL) -fsanitize=fuzzer -o $@ $(filter %.o,$^) -Wl,--start-group $(ALL_LINK) -Wl,--end-group $(PKG_LIBS)
# The fault tests: what stands between a program and its files is never a sanitizer build.
$(BUILD)/faults/preload.so: tests/faults/preload.c
	@mkdir -p $(@D) && $(CC) -D_GNU_SOURCE -std=c11 -O2 -g $(WARN) -fPIC -shared -pthread -o $@ $< -ldl
$(BUILD)/faults/clock.so: tests/faults/clock_preload.c
	@mkdir -p $(@D) && $(CC) -D_GNU_SOURCE -std=c11 -O2 -g $(WARN) -fPIC -shared -o $@ $< -ldl
$(BUILD)/faults/torn_tail: $(call objects,tests/faults/torn_tail.c $(wildcard sim/simdisk*.c)) $(call archives,store base)
	@mkdir -p $(@D) && $(CC) $(LDFLAGS_ALL) -o $@ $^
$(BUILD)/soak/load: $(BUILD)/obj/tests/soak/load.o $(call archives,base)
	@mkdir -p $(@D) && $(CC) $(LDFLAGS_ALL) -o $@ $^
$(BUILD)/bench/%: $(BUILD)/obj/bench/%_bench.o $(call archives,store base)
	@mkdir -p $(@D) && $(CC) $(LDFLAGS_ALL) -o $@ $^

# Made by the program from its own tables.
COMPLETIONS := $(addprefix $(BUILD)/share/gclient.,bash zsh fish)
$(BUILD)/share/gclient.1: $(BUILD)/gclient
	@mkdir -p $(@D) && $< help --man > $@.$$$$ && mv $@.$$$$ $@
$(COMPLETIONS): $(BUILD)/share/gclient.%: $(BUILD)/gclient
	@mkdir -p $(@D) && $< completion $* > $@.$$$$ && mv $@.$$$$ $@

.SECONDARY:
-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# ---- checks ------------------------------------------------------------------------------------------------------
check: layers purity tidy unit fuzz-replay   ## static checks, unit tests, fuzz corpora

layers:                                      ## who includes whom, as tools/layers.txt says
	@tools/layers
purity: $(call archives,base wire engine)         ## wire/ and engine/ call nothing of the outside world
	@tools/purity $(BUILD)
tidy:                                        ## line, function and file lengths; banned calls
	@tools/tidy
web-check: web/node_modules/typescript       ## the pages' code: eslint, types, rules of their files
	@cd web && npm run --silent lint && npm run --silent types && node --test --test-reporter=$(CURDIR)/web/test/tally.js \
	    test/*.test.js
web-test: web web/node_modules/typescript    ## the pages in Chromium; T=word runs tests whose name holds it
	@$(PYTHON) tests/run.py --build $(BUILD) $(if $(T),-k "$(T)") web
web-images: web web/node_modules/typescript  ## the pictures of gweb in docs/images, of a node with some traffic: SECONDS=
	@node tests/web/images.mjs --build $(BUILD) --seconds $(SECONDS)
web/node_modules/typescript: web/package-lock.json
	cd web && npm ci --silent && touch node_modules/typescript

unit: $(BUILD)/unit                          ## unit tests; T=word runs those whose name holds it
	@$(BUILD)/unit $(T)

sim: $(BUILD)/gmqsim                         ## seeded lives on a simulated disk: SEEDS=n FROM=x, or SEED=x for one
	@$(BUILD)/gmqsim $(if $(SEED),--seed $(SEED),--seeds $(SEEDS) --from $(or $(FROM),1))

fuzz-replay: $(FUZZERS:%=$(BUILD)/fuzz/%-replay)
	@set -e; for f in $(FUZZERS); do $(BUILD)/fuzz/$$f-replay fuzz/corpus/$$f; done

fuzz-hours:                                  ## fuzzers for long, with their totals: SECONDS= FUZZ="segment check" TURNS=
	@ROUNDS=$(TURNS) tools/fuzz-hours $(SECONDS) $(FUZZ)
fuzz-%:                                      ## libFuzzer on one parser: make fuzz-frame SECONDS=60
	@tools/fuzz $* $(SECONDS)

asan:                                        ## everything again under address and undefined behaviour sanitizers
	@$(MAKE) BUILD=build/asan SAN=address,undefined build check
tsan:                                        ## everything again under the thread sanitizer
	@$(MAKE) BUILD=build/tsan SAN=thread build unit
tsan-load:                                   ## a node built with the thread sanitizer under a mixed load; SHORT=1
	@$(MAKE) BUILD=build/tsan SAN=thread build/tsan/gnode
	@$(PYTHON) tests/run.py --build build/tsan tsan-load $(if $(SHORT),--short)

conformance: build                           ## the original's transcript, replayed
	@$(PYTHON) tests/run.py --build $(BUILD) conformance
quickstart: build                            ## the code blocks of the READMEs
	@$(PYTHON) tests/run.py --build $(BUILD) quickstart
e2e: build                                   ## whole programs
	@$(PYTHON) tests/run.py --build $(BUILD) e2e
races: build                                 ## cancel against delivery, 100,000 messages: exactly one wins each
	@RACES=100000 $(PYTHON) tests/run.py --build $(BUILD) -k exactly_one e2e
crash: build                                 ## kill -9 under load: ROUNDS=n
	@$(PYTHON) tests/run.py --build $(BUILD) crash --rounds $(ROUNDS)
syscall-kill: build $(BUILD)/faults/preload.so ## killed, or failed, at every call on its files; SHORT=1: a sample
	@$(PYTHON) tests/run.py --build $(BUILD) syscall-kill $(if $(SHORT),--short)
full-disk: build $(BUILD)/faults/preload.so  ## a disk that fills up, drains, and is killed; SHORT=1
	@$(PYTHON) tests/run.py --build $(BUILD) full-disk $(if $(SHORT),--short)
clocks: build $(BUILD)/faults/clock.so       ## the wall clock set by a year either way, a machine that sleeps
	@$(PYTHON) tests/run.py --build $(BUILD) clocks
property: build                              ## drawn operations by all doors against a model: PROPERTY_EXAMPLES=n
	@$(PROPERTY_PYTHON) tests/run.py --build $(BUILD) property
torn-tail: $(BUILD)/faults/torn_tail         ## the log cut, zeroed, flipped at every byte; SHORT=1: a sample; PART=K/N
	@$(BUILD)/faults/torn_tail $(if $(SHORT),--short) $(if $(PART),--part $(PART))
soak-%: build $(BUILD)/soak/load              ## hours of load: backlog, delay, topics, churn; SOAK_DIR= GB= COUNT=; SHORT=1
	@$(PYTHON) tests/soak/soak.py --build $(BUILD) --dir $(SOAK_DIR) --gb $(GB) $(if $(COUNT),--count $(COUNT)) \
	    $(if $(SHORT),--short) $*
soak-full: build $(BUILD)/soak/load            ## 30 million messages drained from a disk without a free byte: COUNT= (root)
	@$(PYTHON) tests/soak/full.py --build $(BUILD) --dir $(SOAK_DIR) $(if $(COUNT),--count $(COUNT))
bench-log: $(BUILD)/bench/log                ## the log alone: ns an append, records a second by sync mode
	@d=$$(mktemp -d) && { $(BUILD)/bench/log $$d; e=$$?; rm -rf $$d; exit $$e; }
measure: build                               ## lateness, memory, start-up against their targets
	@$(PYTHON) tests/measure.py --build $(BUILD)
bare:                                        ## script/test in bare Debian 12 and 13 trees (root, debootstrap)
	@tools/bare

web:                                         ## the pages of gweb, with what they need of npm, and gweb with them
	@command -v npm >/dev/null || { echo "make web: npm is missing (apt-get install npm)" >&2; exit 1; }
	@test -f web/node_modules/.package-lock.json -a ! web/package-lock.json -nt web/node_modules/.package-lock.json || \
	    (cd web && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error)
	@mkdir -p $(WEB) && $(WEB_MAKE)
	@$(MAKE) --no-print-directory $(BUILD)/gweb

docs-settings: $(BUILD)/gnode $(BUILD)/gregister $(BUILD)/gweb ## tables of the documents, from -help and base/err.h
	@tools/docs $(BUILD)

record: build                                ## what gclient top and tail show, into the READMEs
	@$(PYTHON) tools/record $(BUILD)

man: $(BUILD)/share/gclient.1                ## gclient(1), from the program's tables
completion: $(COMPLETIONS)                   ## for bash, zsh and fish

# ---- install -----------------------------------------------------------------------------------------------------
SHARE := $(DESTDIR)$(PREFIX)/share
install: build man completion                ## PREFIX=/usr/local DESTDIR=
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include
	install -m 755 $(PROGRAMS:%=$(BUILD)/%) $(DESTDIR)$(PREFIX)/bin
	install -D -m 644 $(BUILD)/share/gclient.1 $(SHARE)/man/man1/gclient.1
	install -D -m 644 $(BUILD)/share/gclient.bash $(SHARE)/bash-completion/completions/gclient
	install -D -m 644 $(BUILD)/share/gclient.zsh $(SHARE)/zsh/site-functions/_gclient
	install -D -m 644 $(BUILD)/share/gclient.fish $(SHARE)/fish/vendor_completions.d/gclient.fish
	install -m 644 include/gmq.h $(DESTDIR)$(PREFIX)/include
	install -m 644 $(BUILD)/libgmq.a $(DESTDIR)$(PREFIX)/lib
	install -m 755 $(BUILD)/libgmq.so $(DESTDIR)$(PREFIX)/lib/libgmq.so.$(VERSION)
	ln -sf libgmq.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/libgmq.so.0
	ln -sf libgmq.so.0 $(DESTDIR)$(PREFIX)/lib/libgmq.so
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' src/client/gmq.pc.in \
	    > $(DESTDIR)$(PREFIX)/lib/pkgconfig/gmq.pc

clean:                                       ## removes build/
	rm -rf build

help:                                        ## this list
	@grep -E '^[a-z0-9%-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9%-]+):.*## */\1\t/' | expand -t 16
