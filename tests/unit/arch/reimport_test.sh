#!/bin/sh
# Importing the kernel headers again must give the data that is committed, and generating the tables twice the same
# bytes. Skipped (77) where the header packages are missing, except under CI=true, where that is a failure.
# SPDX-License-Identifier: Apache-2.0
set -eu
repo=$(cd "$(dirname "$0")/../../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

for run in one two; do
  python3 "$repo/scripts/gen_tables.py" --data "$repo/data" --out "$scratch/$run"
done
diff -r "$scratch/one" "$scratch/two"

status=0
python3 "$repo/scripts/import_headers.py" --out "$scratch/data" || status=$?
if [ "$status" -eq 3 ]; then
  if [ "${CI:-}" = true ]; then
    echo "the header packages must be installed in CI: $(python3 "$repo/scripts/import_headers.py" --list-packages)"
    exit 1
  fi
  exit 77
fi
[ "$status" -eq 0 ]
for file in "$scratch"/data/*.csv "$scratch"/data/syscalls/*.csv; do
  diff -u "$repo/data/${file#"$scratch"/data/}" "$file"
done
ls "$scratch"/data/syscalls/*.csv | wc -l | grep -qx 18
