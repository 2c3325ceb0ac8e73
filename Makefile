# loa - build, run, test. `make help` lists the targets.
#
# One library of everything (build/*/libloa.a), one program (build/loa), one program per test.
# A new .c file under bot/, channels/ or tests/sim/ is picked up by itself.

SHELL   := /bin/bash
CC      ?= cc
B       ?= build
PREFIX  ?= /usr/local
VERSION := $(shell sed -n 's/^## \[\([0-9.]*\)\].*/\1/p' CHANGELOG.md | head -1)

PKGS := libwebsockets libuv hiredis libcurl libcjson libsodium libidn2 gmime-3.0 libjwt zlib
WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith \
        -Wwrite-strings -Wundef -Wno-missing-field-initializers
OPT  ?= -O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2
CFLAGS  ?= -g $(OPT)
CPPFLAGS += -Iinclude -I$(B)/gen -D_GNU_SOURCE -DLOA_VERSION='"$(VERSION)"'
# Library headers are somebody else's code: their warnings are not ours to fix.
PKG_CFLAGS = $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PKGS) 2>/dev/null))
PKG_LIBS   = $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lunistring -lroaring -lm -lpthread
ALL_CFLAGS = -std=c17 $(WARN) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS)

SRC  := $(sort $(shell find bot channels tests/sim -name "*.c" 2>/dev/null))
LIB  := $(filter-out bot/main.c,$(SRC))
OBJ  := $(LIB:%.c=$(B)/obj/%.o) $(B)/obj/gen/scripts.o $(B)/obj/gen/private_conf.o
LUA  := $(sort $(wildcard bot/store/*.lua))
UNIT := $(patsubst tests/unit/%.c,$(B)/tests/%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZ := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(sort $(wildcard tests/fuzz/*.c)))

.PHONY: all run demo test bench asan fuzz lint format install clean deps help unit
.DEFAULT_GOAL := all

all: $(B)/loa ## build build/loa

$(B)/loa: $(B)/obj/bot/main.o $(B)/libloa.a
	@echo '  LD   $@'
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(B)/libloa.a: $(OBJ)
	@rm -f $@
	@echo '  AR   $@'
	@ar rcs $@ $(OBJ)

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo '  CC   $<'
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The Redis scripts travel inside the program: one C string each, one table of all.
$(B)/gen/scripts.c: $(LUA) bot/store/embed.sh
	@mkdir -p $(@D)
	@bot/store/embed.sh $(LUA) > $@

# So does the configuration of the private Redis.
$(B)/gen/private_conf.c: deploy/redis/private.conf bot/store/embed_text.sh
	@mkdir -p $(@D)
	@bot/store/embed_text.sh private_redis_conf $< > $@

$(B)/obj/gen/%.o: $(B)/gen/%.c
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) -c -o $@ $<

# What tests share: check.[ch] over cmocka, peers.[ch] for real neighbours, zalo_platform.[ch] … An archive, so that a
# test carries only what it uses.
HELP := $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/*.c))
.SECONDARY: $(HELP)
$(B)/libtests.a: $(HELP)
	@rm -f $@
	@echo '  AR   $@'
	@ar rcs $@ $(HELP)

$(B)/tests/%: tests/unit/%.c $(wildcard tests/*.h) $(B)/libtests.a $(B)/libloa.a
	@mkdir -p $(@D)
	@echo '  LD   $@'
	@$(CC) $(ALL_CFLAGS) -Itests $(LDFLAGS) -o $@ $< $(B)/libtests.a $(B)/libloa.a $(PKG_LIBS) -lcmocka

unit: $(UNIT) ## build the unit tests

# Everything below first installs what is missing (asks nothing, does nothing when all is there).
deps: ## install what is missing
	@deploy/deps.sh

run: deps ## play the sample dossiers on simulated phones and stay up
	@$(MAKE) --no-print-directory all
	@deploy/demo.sh run

demo: deps ## the same, ends by itself; fails if anything was lost or sent twice
	@$(MAKE) --no-print-directory all
	@deploy/demo.sh demo

test: deps ## every test, against real peers on loopback
	@$(MAKE) --no-print-directory -j2 all unit
	@tests/run.sh

bench: deps ## measure beside peers; build/bench.json
	@deploy/deps.sh bench
	@$(MAKE) --no-print-directory all $(BENCH)
	@tests/bench/run.sh

# The tools of the benchmark: load, provider, floor.
BENCH := $(addprefix $(B)/bench/,load sink floor sockets chat faq)
$(B)/bench/%: tests/bench/%.c tests/bench/wire.c tests/bench/wire.h
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) -o $@ $< tests/bench/wire.c $(BENCH_LIB) $(PKG_LIBS)
$(B)/bench/faq: $(B)/libloa.a
$(B)/bench/faq: BENCH_LIB = $(B)/libloa.a

# The unit and flow tests once more, under the address and undefined-behaviour sanitizers.
asan: deps ## the tests under the address and undefined-behaviour sanitizers
	@$(MAKE) --no-print-directory -j2 B=build/asan OPT='-O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer' all unit
	@B=build/asan tests/run.sh

FUZZ_SECONDS ?= 20
fuzz: deps ## every fuzz target for FUZZ_SECONDS
	@deploy/deps.sh lint
	@$(MAKE) --no-print-directory -j2 B=build/fuzz CC=clang OPT='-O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all' fuzz-build
	@B=build/fuzz tests/fuzz/run.sh $(FUZZ_SECONDS)

.PHONY: fuzz-build
fuzz-build: $(FUZZ)
$(B)/fuzz/%: tests/fuzz/%.c $(B)/libloa.a
	@mkdir -p $(@D)
	@echo '  LD   $@'
	@$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $< $(B)/libloa.a $(PKG_LIBS)

FORMATTED = $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h')
# One file at a time: given several, clang-tidy takes a va_list of the second for uninitialised.
LINTED = $(SRC) $(wildcard tests/*.c tests/unit/*.c tests/fuzz/*.c tests/bench/*.c)
lint: deps ## formatter and static analysis
	@deploy/deps.sh lint
	@clang-format --dry-run -Werror $(FORMATTED)
	@$(MAKE) --no-print-directory $(B)/gen/scripts.c
	@printf '%s\n' $(LINTED) | \
	    xargs -P2 -n1 sh -c 'out=$$(clang-tidy --quiet "$$1" -- -std=c17 -Itests $(subst ','\'',$(CPPFLAGS) $(PKG_CFLAGS)) 2>&1) || { echo "$$out"; exit 1; }' _

format: ## format every source file
	clang-format -i $(FORMATTED)

SHARE = $(PREFIX)/share/loa
# The configuration and the unit speak of where things now lie. A configuration in use is left alone.
install: all ## program, unit, texts, man page; DESTDIR= PREFIX=
	install -D -m 0755 $(B)/loa $(DESTDIR)$(PREFIX)/bin/loa
	find templates channels -type f \( -path 'templates/*' -o -name '*.ini' -o -name '*.tsv' \) \
	    -exec install -D -m 0644 {} $(DESTDIR)$(SHARE)/{} \;
	install -d -m 0750 $(DESTDIR)/etc/loa
	sed -e 's#^templates = .*#templates = $(SHARE)/templates#' -e 's#^data_dir = .*#data_dir = /var/lib/loa#' \
	    -e 's#^channels_dir = .*#channels_dir = $(SHARE)/channels#' deploy/loa.conf > $(DESTDIR)/etc/loa/loa.conf.sample
	chmod 0640 $(DESTDIR)/etc/loa/loa.conf.sample
	test -e $(DESTDIR)/etc/loa/loa.conf || cp -p $(DESTDIR)/etc/loa/loa.conf.sample $(DESTDIR)/etc/loa/loa.conf
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's#/usr/local/#$(PREFIX)/#' deploy/systemd/loa.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/loa.service
	install -D -m 0644 deploy/systemd/loa.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/loa.conf
	install -D -m 0644 deploy/systemd/loa.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/loa.conf
	install -D -m 0644 deploy/man/loa.1 $(DESTDIR)$(PREFIX)/share/man/man1/loa.1
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/doc/loa README.md CHANGELOG.md deploy/runbook.md
	cp -R deploy/nginx deploy/grafana deploy/postfix deploy/kannel $(DESTDIR)$(PREFIX)/share/doc/loa/

clean: ## remove build/
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z]*\):.* ## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

-include $(OBJ:.o=.d) $(HELP:.o=.d) $(B)/obj/bot/main.d
