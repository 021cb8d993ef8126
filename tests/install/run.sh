#!/usr/bin/env bash
# Installs a build's library into a fresh directory and uses it as others would; or makes a release (packages, archive,
# sums) and looks into it.
#
# usage: run.sh cmake|pkgconfig|release BUILD_DIR WORK_DIR
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

kind=$1
build=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$3"
mkdir -p "$3"
work=$(cd "$3" && pwd)
fail() { echo "FAILED: $*" >&2; exit 1; }
expect_file() { [[ -s $1 ]] || fail "$1 is missing or empty"; }

expect_output() {
  local expected="callgate 0.1.0: read ALLOW, openat ERRNO(1)" got
  got=$("$1")
  [[ $got == "$expected" ]] || fail "got '$got', expected '$expected'"
  echo "$got"
}

install_to() { cmake --install "$build" --component dev --prefix "$1" >"$work/install.log" || { cat "$work/install.log"; exit 1; }; }

case $kind in
  cmake)
    install_to "$work/root"
    cmake -S "$here/consumer" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/root" >"$work/log"
    cmake --build "$work/build" >>"$work/log" || { cat "$work/log"; exit 1; }
    expect_output "$work/build/consumer"
    ;;
  pkgconfig)
    install_to "$work/root"
    pc=$(find "$work/root" -name callgate.pc)
    # The file names the configured prefix; a relocated copy is asked with its own.
    flags() { PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --define-variable=prefix="$work/root" "$@" callgate; }
    read -ra compile <<<"$(flags --cflags)"
    read -ra link <<<"$(flags --libs)"
    "${CXX:-g++}" "${compile[@]}" "$here/consumer/main.cpp" -o "$work/consumer" "${link[@]}"
    expect_output "$work/consumer"
    ;;
  release)
    "$here/../../packaging/release" "$build" "$work/release"
    command=$(find "$work/release" -name 'callgate_*.deb')
    library=$(find "$work/release" -name 'libcallgate-dev_*.deb')
    expect_file "$command"
    expect_file "$library"
    dpkg -x "$command" "$work/runtime"
    dpkg -x "$library" "$work/dev"
    "$work/runtime/usr/bin/callgate" version | grep -F 0.1.0 || fail "callgate version does not say 0.1.0"
    dpkg -f "$command" Depends | grep -q libc6 || fail "the package names no libraries"
    for file in bin/callgate share/doc/callgate/copyright share/man/man1/callgate.1* \
      share/bash-completion/completions/callgate; do
      # shellcheck disable=SC2086  # a pattern: the man page may be compressed
      expect_file $work/runtime/usr/$file
    done
    for file in include/callgate/filter.h share/doc/libcallgate-dev/copyright; do expect_file "$work/dev/usr/$file"; done
    [[ -n $(find "$work/dev" -name libcallgate.a) ]] || fail "no libcallgate.a"
    [[ -n $(find "$work/dev" -name callgateConfig.cmake) ]] || fail "no callgateConfig.cmake"
    [[ -z $(find "$work/runtime" -name '*.h') ]] || fail "headers in the runtime package"
    ! readelf -d "$work/runtime/usr/bin/callgate" | grep -E "R(UN)?PATH" || fail "the package has a run path"

    (cd "$work/release" && sha256sum --check --strict SHA256SUMS) || fail "SHA256SUMS does not hold"
    [[ $(wc -l <"$work/release/SHA256SUMS") == 3 && $(find "$work/release" -type f | wc -l) == 4 ]] ||
      fail "SHA256SUMS does not name every file"
    name=callgate-0.1.0-linux-$(uname -m)
    tar -C "$work" -xzf "$work/release/$name.tar.gz"
    "$work/$name/bin/callgate" version | grep -F 0.1.0 || fail "the archive's callgate version does not say 0.1.0"
    # Of the machine it may use the C library alone, and no newer one than Debian 12's.
    while read -r soname path; do
      case $path in
        "$work/$name"/* | */libc.so.6 | */libm.so.6) ;;
        *) fail "the archive takes $soname from $path" ;;
      esac
    done < <(ldd "$work/$name/bin/callgate" | awk '$2 == "=>" { print $1, $3 }')
    newest=$(objdump -T "$work/$name/bin/callgate" "$work/$name"/lib/callgate/* | grep -o 'GLIBC_2[0-9.]*' | sort -uV | tail -n 1)
    [[ $(printf '%s\n' "$newest" GLIBC_2.36 | sort -V | tail -n 1) == GLIBC_2.36 ]] || fail "the archive needs $newest"
    for library in "$work/$name"/lib/callgate/*; do expect_file "$library"; done
    # A licence each, and the C library's, which callgate-static holds.
    expect_file "$work/$name/share/doc/callgate/libraries/libc6"
    [[ $(($(find "$work/$name/lib/callgate" -type f | wc -l) + 1)) == $(find "$work/$name/share/doc/callgate/libraries" -type f | wc -l) ]] ||
      fail "a library of the archive has no licence with it"
    ;;
  *)
    echo "run.sh: unknown kind $kind" >&2
    exit 2
    ;;
esac
