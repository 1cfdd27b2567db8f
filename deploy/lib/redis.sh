#!/usr/bin/env bash
# redis: a Redis of our own: 127.0.0.1 and a unix socket, all in one directory, nothing kept on disk unless asked.
#
#   deploy/lib/redis.sh start DIR [persist]     starts it, waits until it answers, prints pid=, address= and socket=
#   deploy/lib/redis.sh stop PID                ends it
#   deploy/lib/redis.sh prepare DIR [persist]   chooses a port, writes DIR/redis.conf; prints address= and socket=
#   deploy/lib/redis.sh run DIR                 becomes the server (what start puts in the background)
#
# A directory that holds a redis.conf already is taken as it is. With `persist` every write is in the append-only file
# before it is answered. The log is DIR/log.
#
# May also be sourced: `redis_start DIR` ties the server's life to this shell and sets REDIS_PID, REDIS_ADDRESS
# (host:port) and REDIS_SOCKET; `redis_start DIR kept` lets it outlive the shell. `redis_stop PID` ends it.
set -euo pipefail

REDIS_LIB=$(dirname "${BASH_SOURCE[0]}")
source "$REDIS_LIB/process.sh"

REDIS_START_S=20
REDIS_TRIES=3 # with another port each time
SOCKET_PATH_MAX=107 # bytes of sun_path, less the NUL

redis_prepare() {
    local dir=$1 persist=${2:-} port
    if [[ -f $dir/redis.conf ]]; then
        return 0
    fi
    mkdir -p "$dir"
    dir=$(realpath "$dir")
    if ((${#dir} + 11 > SOCKET_PATH_MAX)); then
        echo "redis.sh: $dir is too long a path for a unix socket; choose a shorter one (TMPDIR=/tmp)" >&2
        return 1
    fi
    port=$(free_ports 1)
    {
        printf '%s\n' "bind 127.0.0.1" "port $port" "unixsocket $dir/redis.sock" "unixsocketperm 700" "dir $dir" \
            "daemonize no" 'save ""' "databases 1"
        if [[ $persist == persist ]]; then
            printf '%s\n' "appendonly yes" "appendfsync always"
        else
            printf '%s\n' "appendonly no"
        fi
    } >"$dir/redis.conf"
}

redis_address() {
    echo "127.0.0.1:$(sed -n 's/^port //p' "$1/redis.conf")"
}

redis_socket() {
    sed -n 's/^unixsocket //p' "$1/redis.conf"
}

redis_run() {
    exec redis-server "$1/redis.conf"
}

redis_answers() {
    [[ $(redis-cli -s "$1" ping) == PONG ]]
}

redis_start() {
    local dir=$1 bond=${2:-tied} persist=${3:-} try fresh=true
    [[ ! -f $dir/redis.conf ]] || fresh=false
    for ((try = 1; try <= REDIS_TRIES; try++)); do
        redis_prepare "$dir" "$persist" || return 1
        REDIS_ADDRESS=$(redis_address "$dir")
        REDIS_SOCKET=$(redis_socket "$dir")
        start_server "$dir/log" "$bond" "$REDIS_LIB/redis.sh" run "$dir"
        REDIS_PID=$SERVER_PID
        if wait_until "$REDIS_START_S" "$REDIS_PID" redis_answers "$REDIS_SOCKET"; then
            return 0
        fi
        kill_pid "$REDIS_PID"
        if ! $fresh || ! grep -qi 'address already in use' "$dir/log"; then
            break
        fi
        rm -f "$dir/redis.conf" # somebody was quicker on that port: choose another
    done
    tail -n 20 "$dir/log" >&2
    echo "redis.sh: the server on $REDIS_ADDRESS did not answer; the last lines of $dir/log are above" >&2
    return 1
}

redis_stop() {
    stop_pid "$1"
}

redis_main() {
    case ${1:-}:$# in
    start:[23])
        redis_start "$2" kept "${3:-}"
        printf 'pid=%s\naddress=%s\nsocket=%s\n' "$REDIS_PID" "$REDIS_ADDRESS" "$REDIS_SOCKET"
        ;;
    stop:2) redis_stop "$2" ;;
    prepare:[23])
        redis_prepare "$2" "${3:-}"
        printf 'address=%s\nsocket=%s\n' "$(redis_address "$2")" "$(redis_socket "$2")"
        ;;
    run:2) redis_run "$2" ;;
    *)
        sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
        [[ ${1:-} == --help || ${1:-} == -h ]] || return 2
        ;;
    esac
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    redis_main "$@"
fi
