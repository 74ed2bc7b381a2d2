#!/bin/sh
# Subscriber follows the feed of a ledger with the nats command line and jq: a whole
# program to begin from.
#
#   subscriber.sh 'ledger-feed.member.>' [FILE]
#
# It writes one line for each event. The last sequence that the work is done for is
# in FILE (place, unless given): stopped at any moment and started again, it goes on
# behind that. Servers and login are those of the selected nats context.
set -u
filter=$1
place=${2:-place}
trap 'exit 130' INT TERM

# follow does the work for each event, and only then moves on.
follow() {
  while IFS= read -r event; do
    printf '%s\n' "$event" |
      jq -r '"\(.sequence) \(.effectiveon) \(.type) \(.subject) \(.organisation)"' || return # the work
    printf '%s\n' "$event" | jq -r .sequence >"$place.new" && mv "$place.new" "$place" || return
  done
}

while [ -e "$place" ] || echo 0 >"$place"; do
  # A minute of silence ends this and it is asked again: servers that were away may
  # have forgotten who follows.
  nats sub --stream FEED --start-sequence $(($(cat "$place") + 1)) --raw --wait 1m "$filter" | follow || exit
  sleep 1
done
