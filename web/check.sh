#!/usr/bin/env bash
# The committed page is the one that its sources make: types, tests, and a build that is compared byte for byte.
set -euo pipefail
cd "$(dirname "$0")"
page=../src/harma/serve/page
npm ci --ignore-scripts --no-audit --no-fund --silent
npm run --silent style
npm run --silent types
npm run --silent test
anew=$(mktemp -d)
trap 'rm -rf "$anew"' EXIT
node build.mjs "$anew/page"
if ! diff -rq "$page" "$anew/page"; then
    echo "the page in src/harma/serve/page is not what web/ makes; run: make page" >&2
    exit 1
fi
