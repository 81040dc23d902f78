#!/bin/sh
# stockport beside its peers: makes the data, runs each in turn, checks the outputs, prints a table, writes results.json.
#
#   tests/bench/run.sh [--rows N] [--runs N] [--only csv,xlsx,upload,export,plan,start] [--folder DIR]
#
# Builds the release binary (or takes STOCKPORT) and installs the peers of peers.txt into DIR/venv; a peer that can't be
# installed is said to be absent. DIR is target/bench unless named; it is kept, so that a second run begins at once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
folder=$root/target/bench
previous=
for argument; do
  [ "$previous" = --folder ] && folder=$argument
  previous=$argument
done
mkdir -p "$folder"
if [ -z "${STOCKPORT:-}" ]; then
  cargo build --release --manifest-path "$root/Cargo.toml"
  STOCKPORT=${CARGO_TARGET_DIR:-$root/target}/release/stockport
fi
if [ ! -d "$folder/venv" ]; then
  python3 -m venv "$folder/venv"
  # One by one: a peer without a build for this machine leaves the others alone.
  while read -r peer; do "$folder/venv/bin/pip" install -q "$peer" || echo "absent: $peer"; done <"$here/peers.txt"
fi
STOCKPORT=$STOCKPORT exec "$folder/venv/bin/python" "$here/run.py" --folder "$folder" "$@"
