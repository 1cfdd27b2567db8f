#!/bin/sh
# check.sh: may this token go ahead, now? Answered from Redis alone, as docs/key-layout.md describes it.
#
#   check.sh LANE MAX_AGE_MS ISSUED_US EXPIRES_US < lineage
#
# The lineage comes as lines of five fields with a tab between: kind, tenant, scope, id, value. The token's form,
# signature and audience are checked before, elsewhere. Says, and exits with: allow (0), deny (1), not_valid (2) or
# unavailable (3), and why; 64: it was called wrongly.
#
# REDIS_CLI (redis-cli) may name a server: "redis-cli -s /run/redis.sock". CURFEW_PREFIX (curfew:{0}) is cache.prefix.
set -eu
LC_ALL=C # lengths are in bytes
export LC_ALL
prefix=${CURFEW_PREFIX:-curfew:{0\}}
separator=$(printf '\037') # a tab at the shell would swallow empty fields

say() {
    echo "$2"
    exit "$1"
}

# A string with its length before it, four bytes big-endian.
field() {
    printf "$(printf '\\000\\000\\%03o\\%03o' $((${#1} / 256)) $((${#1} % 256)))%s" "$1"
}

# The digest of a subject: kind number, tenant, scope, id.
subject() {
    {
        field curfew-subject-1
        printf "$(printf '\\%03o' "$1")"
        field "$2"
        field "$3"
        field "$4"
    } | sha256sum | cut -c 1-32
}

kind_number() {
    number=0
    for kind in token session task approval supervision cleanup user agent tenant key policy; do
        [ "$kind" = "$1" ] && echo "$number" && return
        number=$((number + 1))
    done
    echo "check.sh: '$1' is no kind of subject" >&2
    return 1
}

is_number() {
    case $1 in
    '' | *[!0-9]*) return 1 ;;
    esac
}

[ $# = 4 ] && is_number "$1" && is_number "$2" && is_number "$3" && is_number "$4" ||
    say 64 "usage: check.sh LANE MAX_AGE_MS ISSUED_US EXPIRES_US < lineage"
lane=$1 max_age_us=$(($2 * 1000)) issued_us=$3 expires_us=$4

# "digest value name" of each entry.
entries=$(tr '\t' '\037' | while IFS=$separator read -r kind tenant scope id value || [ -n "$kind" ]; do
    number=$(kind_number "$kind") && is_number "$value" || { echo bad; break; }
    echo "$(subject "$number" "$tenant" "$scope" "$id") $value $kind"
done)
case $entries in
'' | *bad) say 64 "check.sh: the lineage is empty or has a line that is not kind, tenant, scope, id, value" ;;
esac

# One transaction, so that all of it is read at one moment of one server.
commands() {
    echo MULTI
    echo "GET $prefix:fresh:0"
    echo "GET $prefix:fresh:$lane"
    echo "$entries" | while read -r digest value kind; do
        echo "HMGET $prefix:f:${digest%"${digest#???}"} ! $digest"
    done
    echo EXEC
}
reply=$(commands | ${REDIS_CLI:-redis-cli} 2>&1 && echo END) || say 3 "unavailable: cannot ask Redis"

read_line() {
    IFS= read -r line <&3 || line=
}

judge() {
    read_line
    [ "$line" = OK ] || say 3 "unavailable: Redis said: $line"
    count=$(($(echo "$entries" | wc -l) + 2))
    while [ "$count" -gt 0 ]; do
        read_line
        [ "$line" = QUEUED ] || say 3 "unavailable: Redis said: $line"
        count=$((count - 1))
    done
    read_line
    control=$line
    read_line
    session=$line

    # A floor denies whatever else is there; that none is found counts only where sentinels and freshness agree.
    epoch=${control%% *}
    whole=yes
    while read -r digest value kind; do
        read_line
        sentinel=$line
        read_line
        floor=${line%% *}
        [ -n "$epoch" ] && [ "$sentinel" = "$epoch" ] || whole=no
        if [ -n "$line" ]; then
            is_number "$floor" || say 3 "unavailable: $digest holds '$line'"
            [ "$value" -ge "$floor" ] || say 1 "deny: $kind $digest has $value, below $floor"
        fi
    done <<EOF
$entries
EOF
    read_line
    [ "$line" = END ] || say 3 "unavailable: the reply is too long: $line"
    [ -n "$control" ] && [ -n "$session" ] || say 3 "unavailable: no freshness"
    [ "$whole" = yes ] || say 3 "unavailable: a bucket is gone, or of another epoch"
    [ "${session%% *}" = "$epoch" ] || say 3 "unavailable: two epochs"
    now_us=$(date +%s%6N)
    at_us=$now_us
    for fresh in "$control" "$session"; do
        fresh_enough "$fresh"
    done
    [ "$expires_us" -gt "$at_us" ] || say 2 "not_valid: expired"
    say 0 "allow: known up to $((age_us / 1000)) ms ago"
}

# Whether one freshness value is young enough; moves at_us on to its as_of.
fresh_enough() {
    # shellcheck disable=SC2086 # it is meant to fall into its words
    set -- $1
    [ $# = 5 ] && is_number "$2" && is_number "$4" && is_number "$5" || say 3 "unavailable: freshness is '$*'"
    [ "$2" -gt "$at_us" ] && at_us=$2
    age_us=$((now_us - $2))
    [ "$age_us" -ge $((-2 * $5)) ] || say 3 "unavailable: as_of is ahead of this clock"
    [ "$age_us" -ge 0 ] || age_us=0
    age_us=$((age_us + 2 * $5))
    [ "$age_us" -le "$max_age_us" ] || say 3 "unavailable: known only up to $((age_us / 1000)) ms ago"
    [ "$issued_us" -ge "$4" ] || say 2 "not_valid: issued before the log began"
}

judge 3<<EOF
$reply
EOF
