#!/usr/bin/env bash
# First step of the GitHub action: fetches the archive of a release, holds it against that release's SHA256SUMS, and puts
# its command first in PATH for the steps that follow. Whatever is not as it should be ends the step; nothing unchecked
# is unpacked.
#
# Environment, beside the runner's own GITHUB_SERVER_URL, GITHUB_PATH and RUNNER_TEMP:
#   CALLGATE_VERSION            the release, v0.1.0 or 0.1.0; if empty, the action's own ref must be one
#   CALLGATE_ACTION_REF         that ref: what stands behind @ in `uses`
#   CALLGATE_ACTION_REPOSITORY  OWNER/NAME, where the action and its releases are
#   CALLGATE_RELEASE_URL        a mirror: the directory that holds one directory a tag; may be plain http
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

fail() {
  # A line break would end the workflow command, and begin what could be taken for another.
  printf '::error title=callgate::%s\n' "${1//[$'\r\n']/ }"
  exit 1
}

is_version() { [[ $1 =~ ^v?[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]]; }

wanted=${CALLGATE_VERSION:-}
if [[ -z $wanted ]]; then
  wanted=${CALLGATE_ACTION_REF:-}
  is_version "$wanted" || fail "the action is used at '$wanted', which names no release: give 'version', for example v0.1.0"
fi
is_version "$wanted" || fail "'$wanted' is no version; one is v0.1.0"
version=${wanted#v}

releases=${CALLGATE_RELEASE_URL:-}
schemes='=http,https'
if [[ -z $releases ]]; then
  repository=${CALLGATE_ACTION_REPOSITORY:-}
  [[ $repository =~ ^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$ ]] ||
    fail "the runner does not tell the action's repository: use it as OWNER/callgate@v$version, not by a path"
  releases=${GITHUB_SERVER_URL:-https://github.com}/$repository/releases/download
  schemes='=https'
fi

[[ $(uname -s) == Linux ]] || fail "callgate runs on Linux; this runner is $(uname -s)"
name=callgate-$version-linux-$(uname -m)
archive=$name.tar.gz

work=$(mktemp -d "${RUNNER_TEMP:?}/callgate.XXXXXX")
fetch() {
  curl --fail --silent --show-error --location --retry 3 --proto "$schemes" --output "$work/$1" \
    -- "$releases/v$version/$1" || fail "cannot fetch $releases/v$version/$1"
}
fetch SHA256SUMS
sums=$(awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }' "$work/SHA256SUMS")
[[ $sums =~ ^[0-9a-f]{64}$ ]] || fail "SHA256SUMS of release v$version does not have one line for $archive"
fetch "$archive"
printf '%s  %s\n' "$sums" "$work/$archive" | sha256sum --check --strict --status ||
  fail "$archive is not what SHA256SUMS of release v$version says"

tar -C "$work" --no-same-owner -xzf "$work/$archive" || fail "cannot unpack $archive"
said=$("$work/$name/bin/callgate" version) || fail "$archive does not run here: it needs glibc 2.36 or newer"
[[ $said == "callgate $version "* ]] || fail "$archive holds another version: ${said%%$'\n'*}"
echo "${said%%$'\n'*}"
echo "$work/$name/bin" >>"${GITHUB_PATH:?}"
