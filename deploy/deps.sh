#!/usr/bin/env bash
# Installs what is missing, asks nothing, does nothing when all is there. Debian 12, Ubuntu 24.04; root, or sudo.
#   deps.sh            to build, run and test
#   deps.sh lint       also clang for `make lint` and `make fuzz`
#   deps.sh bench      also the peers of `make bench`
#   deps.sh build      only what the compiler needs
#   deps.sh run        only what the installed program needs
set -euo pipefail

as_root() {
    if [[ $(id -u) -eq 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -n env DEBIAN_FRONTEND=noninteractive "$@"
    else
        echo "loa: needs root or sudo to run: $*" >&2
        return 1
    fi
}

# The shared libraries behind the -dev packages: their names carry versions, which differ between releases.
libraries() {
    apt-cache depends "${build[@]}" | sed -n 's/^ *Depends: \(lib[^ ]*\)$/\1/p' | grep -v -e '-dev$' | sort -u
}

runtime=(redis-server libwebsockets-evlib-uv ca-certificates)
build=(build-essential pkg-config libwebsockets-dev libwebsockets-evlib-uv libuv1-dev libhiredis-dev
    libcurl4-openssl-dev libcjson-dev libsodium-dev libunistring-dev libidn2-dev libgmime-3.0-dev
    libjwt-dev zlib1g-dev libroaring-dev uthash-dev)
test=(libcmocka-dev python3 curl openssl procps redis-tools postfix opendkim opendkim-tools
    kannel kannel-extras chromium nodejs npm)
lint=(clang clang-format clang-tidy libclang-rt-14-dev)
bench=(nginx-light nodejs npm postfix)

case ${1:-} in
build) wanted=("${build[@]}") ;;
run)
    apt-cache show libuv1-dev >/dev/null 2>&1 || as_root apt-get update -qq
    mapfile -t wanted < <(libraries)
    wanted+=("${runtime[@]}")
    ;;
lint) wanted=("${lint[@]}") ;;
bench) wanted=("${bench[@]}") ;;
*) wanted=("${runtime[@]}" "${build[@]}" "${test[@]}") ;;
esac

have() { # a package, or the command it brings (node may come from elsewhere)
    case $1 in
    nodejs) command -v node >/dev/null && return 0 ;;
    npm) command -v npm >/dev/null && return 0 ;;
    libclang-rt-14-dev) compgen -G '/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a' >/dev/null && return 0 ;;
    esac
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

missing=()
for p in "${wanted[@]}"; do have "$p" || missing+=("$p"); done
[[ ${#missing[@]} -gt 0 ]] || exit 0

echo "loa: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# Our servers are started by us, with our own settings: nothing may start one at installation.
policy=/usr/sbin/policy-rc.d made=
if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
    as_root chmod +x $policy
    made=1
fi
cleanup() { [[ -z $made ]] || as_root rm -f $policy; }
trap cleanup EXIT

as_root apt-get update -qq
# The fuzzer's runtime is named after clang's version.
if [[ " ${missing[*]} " == *" libclang-rt-14-dev "* ]] && ! apt-cache show libclang-rt-14-dev >/dev/null 2>&1; then
    version=$(apt-cache depends clang | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -1)
    missing=("${missing[@]/libclang-rt-14-dev/libclang-rt-$version-dev}")
fi
# Ubuntu packages the browser only as a snap; its absence is told by the tests that need it.
if ! apt-cache show chromium >/dev/null 2>&1; then missing=("${missing[@]/chromium/}"); fi
as_root apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 \
    -o DPkg::Lock::Timeout=300 $(printf '%s\n' "${missing[@]}" | sed '/^$/d') >/dev/null
