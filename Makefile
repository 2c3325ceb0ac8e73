# loa - build, run, test. `make help` lists the targets.
#
# One library of everything (build/*/libloa.a), one program (build/loa), one program per test.
# A new .c file under bot/, channels/ or tests/sim/ is picked up by itself.

SHELL   := /bin/bash
CC      ?= cc
B       ?= build
PREFIX  ?= /usr/local
VERSION := $(shell sed -n 's/^## \[\([0-9.]*\)\].*/\1/p' CHANGELOG.md | head -1)

PKGS := libwebsockets libuv hiredis libcurl libcjson libsodium libidn2 gmime-3.0 libjwt
WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith \
        -Wwrite-strings -Wundef -Wno-missing-field-initializers
OPT  ?= -O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2
CFLAGS  ?= -g $(OPT)
CPPFLAGS += -Iinclude -I$(B)/gen -D_GNU_SOURCE -DLOA_VERSION='"$(VERSION)"'
# Library headers are somebody else's code: their warnings are not ours to fix.
PKG_CFLAGS = $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PKGS) 2>/dev/null))
PKG_LIBS   = $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lunistring -lm -lpthread
ALL_CFLAGS = -std=c17 $(WARN) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS)

SRC  := $(sort $(shell find bot channels tests/sim -name "*.c" 2>/dev/null))
LIB  := $(filter-out bot/main.c,$(SRC))
OBJ  := $(LIB:%.c=$(B)/obj/%.o) $(B)/obj/gen/scripts.o $(B)/obj/gen/private_conf.o
LUA  := $(sort $(wildcard bot/store/*.lua))
UNIT := $(patsubst tests/unit/%.c,$(B)/tests/%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZ := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(sort $(wildcard tests/fuzz/*.c)))

.PHONY: all run demo test bench asan fuzz lint format install clean deps help unit
.DEFAULT_GOAL := all

all: $(B)/loa

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

unit: $(UNIT)

# Everything below first installs what is missing (asks nothing, does nothing when all is there).
deps:
	@deploy/deps.sh

run: deps
	@$(MAKE) --no-print-directory all
	@deploy/demo.sh run

demo: deps
	@$(MAKE) --no-print-directory all
	@deploy/demo.sh demo

test: deps
	@$(MAKE) --no-print-directory -j2 all unit
	@tests/run.sh

bench: deps
	@deploy/deps.sh bench
	@$(MAKE) --no-print-directory all
	@tests/bench/run.sh

# The unit and flow tests once more, under the address and undefined-behaviour sanitizers.
asan: deps
	@$(MAKE) --no-print-directory -j2 B=build/asan OPT='-O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer' all unit
	@B=build/asan tests/run.sh

FUZZ_SECONDS ?= 20
fuzz: deps
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
LINTED = $(SRC) $(wildcard tests/*.c tests/unit/*.c tests/fuzz/*.c)
lint: deps
	@deploy/deps.sh lint
	clang-format --dry-run -Werror $(FORMATTED)
	@$(MAKE) --no-print-directory $(B)/gen/scripts.c
	@printf '%s\n' $(LINTED) | \
	    xargs -P2 -n4 sh -c 'clang-tidy --quiet "$$@" -- -std=c17 -Itests $(subst ','\'',$(CPPFLAGS) $(PKG_CFLAGS))' _

format:
	clang-format -i $(FORMATTED)

install: all
	install -D -m 0755 $(B)/loa $(DESTDIR)$(PREFIX)/bin/loa
	install -D -m 0640 deploy/loa.conf $(DESTDIR)/etc/loa/loa.conf
	install -D -m 0644 deploy/systemd/loa.service $(DESTDIR)$(PREFIX)/lib/systemd/system/loa.service
	install -D -m 0644 deploy/man/loa.1 $(DESTDIR)$(PREFIX)/share/man/man1/loa.1
	install -d $(DESTDIR)$(PREFIX)/share/loa
	cp -R templates channels-data $(DESTDIR)$(PREFIX)/share/loa/

clean:
	rm -rf build

help:
	@sed -n 's/^\([a-z]*\):.*/\1/p' Makefile | sort -u

-include $(OBJ:.o=.d) $(HELP:.o=.d) $(B)/obj/bot/main.d
