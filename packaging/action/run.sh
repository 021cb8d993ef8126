#!/usr/bin/env bash
# Second step of the GitHub action: runs `callgate lint` and ends with its status.
#
# Environment, beside the runner's own GITHUB_OUTPUT and RUNNER_TEMP; all of it is data, nothing is evaluated:
#   CALLGATE_FILES    paths and patterns, one a line; ** also stands for directories; a line behind ! takes out again
#   CALLGATE_FAIL_ON  --fail-on
#   CALLGATE_FORMAT   github, text, json or sarif; sarif is written to a file, which the output sarif-file names
#   CALLGATE_ARGS     further options, separated by white space
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

fail() {
  printf '::error title=callgate::%s\n' "${1//[$'\r\n']/ }"
  exit 2
}

# Shows what is no workflow command as text: file contents may hold lines that the runner would obey.
show() {
  [[ -s $1 ]] || return 0
  local token
  token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  echo "::stop-commands::$token"
  cat "$1"
  # The file may end without a line break.
  printf '\n::%s::\n' "$token"
}

options=(--fail-on "${CALLGATE_FAIL_ON:-warning}")
format=${CALLGATE_FORMAT:-github}
case $format in
  github | text | json | sarif) options+=(--format "$format") ;;
  *) fail "'$format' is no format: github, text, json or sarif" ;;
esac
read -r -d '' -a more <<<"${CALLGATE_ARGS:-}" || true
options+=("${more[@]}")

shopt -s globstar nullglob
declare -A wanted=() # path → yes or no, as the last line that names it says
named=()             # these paths, each once, in order
mark() {
  if [[ -z ${wanted[$1]:-} ]]; then named+=("$1"); fi
  wanted[$1]=$2
}
# Marks the paths that match, and nothing else happens to the pattern: without separators it stays one word.
expand() {
  local IFS='' path
  # shellcheck disable=SC2206
  local matches=($1)
  for path in "${matches[@]}"; do
    [[ ! -d $path ]] || continue
    # A file called docker-default or pid:1 is that file.
    if [[ $path != *[/.]* ]]; then path=./$path; fi
    mark "$path" "$2"
  done
}
while IFS= read -r line; do
  [[ $line =~ ^[[:space:]]*(!?)[[:space:]]*(.*[^[:space:]])[[:space:]]*$ ]] || continue
  line=${BASH_REMATCH[2]}
  take=yes
  [[ -z ${BASH_REMATCH[1]} ]] || take=no
  if [[ $line == *[*?[]* ]]; then
    [[ $take == no ]] || options+=(--skip-unknown)
    expand "$line" "$take"
  else
    mark "$line" "$take"
  fi
done <<<"${CALLGATE_FILES:-}"
files=()
for file in "${named[@]}"; do [[ ${wanted[$file]} == no ]] || files+=("$file"); done
((${#files[@]} > 0)) || fail "'files' names nothing that is there"

work=$(mktemp -d "${RUNNER_TEMP:?}/callgate-lint.XXXXXX")
report=$work/report
[[ $format != sarif ]] || report=$work/callgate.sarif
status=0
callgate lint "${options[@]}" -o "$report" -- "${files[@]}" 2>"$work/messages" || status=$?
show "$work/messages"
case $format in
  github) [[ ! -s $report ]] || cat "$report" ;;
  sarif)
    if [[ -s $report ]]; then
      echo "sarif-file=$report" >>"${GITHUB_OUTPUT:?}"
      echo "callgate: findings are in $report; status $status"
    fi
    ;;
  *) show "$report" ;;
esac
exit "$status"
