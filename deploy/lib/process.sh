#!/usr/bin/env bash
# process: starting, watching and ending the servers that the demo and the tests run. To be sourced.
#
# A server belongs to the shell that started it: when that shell ends in any way, kill -9 included, the kernel ends the
# server (PR_SET_PDEATHSIG). Servers are ended by pid, never by name.
set -euo pipefail

PROCESS_POLL_S=0.05
PROCESS_STOP_S=10 # what a server has to end by itself before it is killed
PORT_FIRST=10240 # below the ports that clients are given, so that a restart finds its port free
PORT_TRIES=1000 # ports looked at for each that is wanted

# Prints COUNT free TCP ports of 127.0.0.1, all different. Another program may take one before it is used: whoever
# starts a server on it must be ready to try again with another.
free_ports() {
    perl -MSocket -e '
        my ($count, $first, $tries) = @ARGV;
        my $last = 32767;
        if (open(my $range, "<", "/proc/sys/net/ipv4/ip_local_port_range")) {
            my ($low) = split(" ", <$range>);
            $last = $low - 1 if $low > $first + 1000;
        }
        my (@held, @ports);
        for (my $try = 0; @ports < $count && $try < $count * $tries; $try++) {
            my $port = $first + int(rand($last - $first));
            socket(my $socket, PF_INET, SOCK_STREAM, 0) or die "free_ports: socket: $!\n";
            setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1);
            bind($socket, sockaddr_in($port, INADDR_LOOPBACK)) && listen($socket, 1) or next;
            push @held, $socket;
            push @ports, $port;
        }
        @ports == $count or die "free_ports: no $count free ports between $first and $last of 127.0.0.1\n";
        print join(" ", @ports), "\n";
    ' "$1" "$PORT_FIRST" "$PORT_TRIES"
}

# A process that ended and that nobody has waited for yet (a container may have no init that does) has ended.
is_running() {
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    stat=${stat##*) }
    [[ $stat != [ZX]* ]]
}

# start_server LOG tied|kept COMMAND...: runs it in the background, output to LOG. Sets SERVER_PID. Tied, it ends with
# this shell; kept, it outlives it.
start_server() {
    local log=$1 bond=$2
    shift 2
    if [[ $bond == tied ]]; then
        setpriv --pdeathsig KILL -- "$@" >>"$log" 2>&1 </dev/null &
    else
        setsid -- "$@" >>"$log" 2>&1 </dev/null &
    fi
    SERVER_PID=$!
    disown "$SERVER_PID" # bash would report its end in the middle of other output
}

# wait_until SECONDS PID COMMAND...: until the command succeeds; fails when the process ends or the time is over.
wait_until() {
    local deadline=$((SECONDS + $1)) pid=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if ! is_running "$pid" || ((SECONDS >= deadline)); then
            return 1
        fi
        sleep "$PROCESS_POLL_S"
    done
}

has_ended() {
    ! is_running "$1"
}

# Ends a process that this user started: asks, waits, and kills it if it does not listen. A stopped one is woken first.
stop_pid() {
    local pid=$1
    kill -TERM "$pid" 2>/dev/null || return 0
    kill -CONT "$pid" 2>/dev/null || true
    wait_until "$PROCESS_STOP_S" "$pid" has_ended "$pid" || true
    if is_running "$pid"; then
        kill_pid "$pid"
    fi
}

# Ends a process at once, and returns when it is gone.
kill_pid() {
    kill -KILL "$1" 2>/dev/null || return 0
    while is_running "$1"; do
        sleep "$PROCESS_POLL_S"
    done
}
