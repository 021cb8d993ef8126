#!/usr/bin/env bash
# Formats the C++ files with clang-format 19, or with --check names those that are not formatted.
#
# usage: scripts/format.sh [--check] [FILE]...
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."

formatter=${CLANG_FORMAT:-clang-format-19}
mode=(-i)
if [[ ${1:-} == --check ]]; then
  mode=(--dry-run --Werror)
  shift
fi
files=("$@")
if ((${#files[@]} == 0)); then
  mapfile -t files < <(find include src tests bench examples -type f \( -name '*.h' -o -name '*.cpp' \) | sort)
fi
"$formatter" "${mode[@]}" "${files[@]}"
