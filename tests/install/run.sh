#!/usr/bin/env bash
# Installs a build's library into a fresh directory and uses it as others would; or makes the Debian packages and looks into them.
#
# usage: run.sh cmake|pkgconfig|deb BUILD_DIR WORK_DIR
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

kind=$1
build=$2
work=$3
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$work"
mkdir -p "$work"
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
  deb)
    (cd "$work" && cpack --config "$build/CPackConfig.cmake" -B "$work" >"$work/log") || { cat "$work/log"; exit 1; }
    command=$(find "$work" -maxdepth 1 -name 'callgate_*.deb')
    library=$(find "$work" -maxdepth 1 -name 'libcallgate-dev_*.deb')
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
    ;;
  *)
    echo "run.sh: unknown kind $kind" >&2
    exit 2
    ;;
esac
