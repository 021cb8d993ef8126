#!/usr/bin/env bash
# No file written by hand has more than 700 lines: what is longer holds two things. Data tables (data/), recorded cases
# (tests/data, tests/cases, tests/golden) and the licence are no such files; others stand with a reason in
# scripts/size-exceptions.txt. An exception that is no longer needed is an error too.
#
# usage: check-size.sh [ROOT [EXCEPTIONS]]
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

limit=700
root=$(cd "${1:-$(dirname "$0")/..}" && pwd)
exceptions=${2:-$root/scripts/size-exceptions.txt}
status=0

declare -A reasons=()
while read -r file reason; do
  [[ $file == \#* || -z $file ]] || reasons[$file]=${reason:-none}
done <"$exceptions"

cd "$root"
while read -r lines file; do
  [[ $file != total ]] || continue
  if ((lines > limit)); then
    if [[ -z ${reasons[$file]:-} ]]; then
      echo "$file: $lines lines; the limit is $limit (split it, or give a reason in scripts/size-exceptions.txt)"
      status=1
    fi
  elif [[ -n ${reasons[$file]:-} ]]; then
    echo "$file: $lines lines; take it out of scripts/size-exceptions.txt"
    status=1
  fi
done < <(find src include tests bench examples scripts cmake docs -type f \
  \( -name '*.h' -o -name '*.cpp' -o -name '*.c' -o -name '*.py' -o -name '*.sh' -o -name '*.cmake' -o -name '*.md' \) \
  -not -path 'tests/data/*' -not -path 'tests/cases/*' -not -path 'tests/golden/*' \
  -not -path 'docs/diagnostics.md' -print0 2>/dev/null | sort -z | xargs -0 -r wc -l)

for file in "${!reasons[@]}"; do
  if [[ ! -e $file ]]; then
    echo "scripts/size-exceptions.txt: $file does not exist"
    status=1
  elif [[ ${reasons[$file]} == none ]]; then
    echo "scripts/size-exceptions.txt: $file has no reason"
    status=1
  fi
done
exit $status
