#!/usr/bin/env bash
# clang-tidy 19 over src/ with the checks of .clang-tidy; every finding is an error. Uses the compile commands of a
# build directory that has been built (generated headers must exist). --fast leaves out clang-analyzer-*, which take
# half of the time; scripts/test uses it.
#
# usage: scripts/tidy.sh [--fast] [--build DIR] [FILE]...      default: build/release, all of src/
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."

build=build/release
checks=()
while [[ ${1:-} == --* ]]; do
  case $1 in
    --fast) checks=(--checks=-clang-analyzer-*) ;;
    --build)
      build=$2
      shift
      ;;
    *)
      echo "tidy: unknown option $1" >&2
      exit 2
      ;;
  esac
  shift
done
if [[ ! -f $build/compile_commands.json ]]; then
  echo "tidy: $build is not configured; run: cmake --preset release && cmake --build --preset release" >&2
  exit 2
fi
files=("$@")
if ((${#files[@]} == 0)); then mapfile -t files < <(find src -name '*.cpp' | sort); fi
# The compile commands are g++'s: clang knows not all of its options, and finds std::stable_sort's own buffer deprecated.
extra=(--extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-deprecated-declarations)
# Warnings in system headers are counted on standard error, one line a file: not worth reading.
printf '%s\0' "${files[@]}" |
  xargs -0 -n 1 -P "$(nproc)" "${CLANG_TIDY:-clang-tidy-19}" --quiet "${checks[@]}" "${extra[@]}" -p "$build" 2> >(grep -v 'warnings generated\|Suppressed\|Use -header-filter' >&2)
