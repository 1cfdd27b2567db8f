#!/usr/bin/env bash
# kafka: a broker of our own: one node, KRaft, plain text on 127.0.0.1, everything in one directory.
#
#   deploy/lib/kafka.sh start DIR     starts it, waits until it answers, prints pid=... and address=...
#   deploy/lib/kafka.sh stop PID      ends it
#   deploy/lib/kafka.sh prepare DIR   chooses ports, writes DIR/server.properties, formats; prints address=...
#   deploy/lib/kafka.sh run DIR       becomes the broker (what start puts in the background)
#   deploy/lib/kafka.sh java DIR ...  becomes a Java program with Kafka's own client at hand; its temporary files in DIR
#
# A directory that holds a broker already is taken as it is: same ports, same data. The broker's log is DIR/log.
# With KAFKA_SECURED=1 in the environment a new one is as in production: TLS, SASL and ACLs (kafka_secured.sh).
# Java's options: KAFKA_JVM. The jars are brought by deploy/lib/need.sh kafka.
#
# May also be sourced: `kafka_start DIR` ties the broker's life to this shell and sets KAFKA_PID and KAFKA_ADDRESS;
# `kafka_start DIR kept` lets it outlive the shell. `kafka_stop PID` ends it.
set -euo pipefail

KAFKA_LIB=$(dirname "${BASH_SOURCE[0]}")
source "$KAFKA_LIB/process.sh"
source "$KAFKA_LIB/need.sh"
source "$KAFKA_LIB/kafka_secured.sh"

KAFKA_START_S=60 # it takes about 3; a machine that is busy with a build takes longer
KAFKA_TRIES=3 # with other ports each time
# Measured: the serial collector and the first compiler alone start the broker in 3.2 s instead of 4.3.
: "${KAFKA_JVM:=-Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1}"

# kafka_java DIR CLASS ARGUMENT...: becomes the Java program.
kafka_java() {
    local dir=$1 options
    shift
    read -r -a options <<<"$KAFKA_JVM"
    exec java "${options[@]}" -XX:-UsePerfData "-Djava.io.tmpdir=$dir" -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
        -Dorg.slf4j.simpleLogger.showDateTime=true -Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS \
        -cp "$(kafka_jars)/*" "$@"
}

# kafka_plain_properties PORT CONTROLLER_PORT: who may connect, and is believed without a word.
kafka_plain_properties() {
    cat <<PROPERTIES
listeners=PLAINTEXT://127.0.0.1:$1,CONTROLLER://127.0.0.1:$2
advertised.listeners=PLAINTEXT://127.0.0.1:$1
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
PROPERTIES
}

kafka_properties() {
    local dir=$1 controller=$2
    cat <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:$controller
log.dirs=$dir/data
# Topics are made by whoever knows what they should be like.
auto.create.topics.enable=false
# One broker: nothing can be replicated, and consumer groups need not wait for more members.
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
# A broker killed with -9 comes back when the session of its former self is over: 13 s later at the default of 9000.
broker.session.timeout.ms=1500
broker.heartbeat.interval.ms=250
# Small: the default would take 128 MB for compaction alone.
log.cleaner.dedupe.buffer.size=4194304
PROPERTIES
}

# 22 characters of base64 without those that differ between its alphabets: one that began with "-" would be an option.
kafka_cluster_id() {
    head -c 16 /dev/urandom | base64 | tr '+/' 'xy' | cut -c 1-22
}

kafka_address() {
    sed -n 's|^advertised.listeners=PLAINTEXT://\([^,]*\).*|\1|p' "$1/server.properties"
}

# Chooses ports and formats, unless that was done before.
kafka_prepare() {
    local dir=$1 ports
    if [[ -f $dir/data/meta.properties ]]; then
        return 0
    fi
    if [[ ! -d $(kafka_jars) ]]; then
        echo "kafka.sh: there is no $(kafka_jars); run deploy/lib/need.sh kafka" >&2
        return 1
    fi
    mkdir -p "$dir"
    dir=$(realpath "$dir")
    read -r -a ports < <(free_ports 4)
    (umask 077 && kafka_properties "$dir" "${ports[1]}" >"$dir/server.properties") # it may come to hold passwords
    if [[ -n ${KAFKA_SECURED:-} ]]; then
        secured_make "$dir" "${ports[2]}" "${ports[3]}"
        secured_properties "$dir" "${ports[0]}" "${ports[2]}" "${ports[3]}" "${ports[1]}" >>"$dir/server.properties"
    else
        kafka_plain_properties "${ports[0]}" "${ports[1]}" >>"$dir/server.properties"
    fi
    if ! (kafka_java "$dir" kafka.tools.StorageTool format --ignore-formatted -t "$(kafka_cluster_id)" \
        -c "$dir/server.properties") >"$dir/format.log" 2>&1; then
        tail -n 20 "$dir/format.log" >&2
        echo "kafka.sh: could not format $dir/data; the last lines of $dir/format.log are above" >&2
        return 1
    fi
}

kafka_run() {
    local dir
    dir=$(realpath "$1")
    kafka_java "$dir" kafka.Kafka "$dir/server.properties"
}

kafka_answers() {
    kcat -L -b "$1" -m 2 | grep -q '^ 1 brokers'
}

kafka_start() {
    local dir=$1 bond=${2:-tied} try fresh=true
    [[ ! -f $dir/data/meta.properties ]] || fresh=false
    for ((try = 1; try <= KAFKA_TRIES; try++)); do
        kafka_prepare "$dir" || return 1
        KAFKA_ADDRESS=$(kafka_address "$dir")
        start_server "$dir/log" "$bond" "$KAFKA_LIB/kafka.sh" run "$dir"
        KAFKA_PID=$SERVER_PID
        if wait_until "$KAFKA_START_S" "$KAFKA_PID" kafka_answers "$KAFKA_ADDRESS"; then
            return 0
        fi
        kill_pid "$KAFKA_PID"
        if ! $fresh || ! grep -qi 'address already in use' "$dir/log"; then
            break
        fi
        rm -rf "$dir/data" # somebody was quicker on that port: choose others
    done
    tail -n 20 "$dir/log" >&2
    echo "kafka.sh: the broker on $KAFKA_ADDRESS did not answer; the last lines of $dir/log are above" >&2
    return 1
}

kafka_stop() {
    stop_pid "$1"
}

kafka_main() {
    case ${1:-}:$# in
    start:2)
        kafka_start "$2" kept
        printf 'pid=%s\naddress=%s\n' "$KAFKA_PID" "$KAFKA_ADDRESS"
        ;;
    stop:2) kafka_stop "$2" ;;
    prepare:2)
        kafka_prepare "$2"
        printf 'address=%s\n' "$(kafka_address "$2")"
        ;;
    run:2) kafka_run "$2" ;;
    java:*)
        [[ $# -ge 3 ]] || return 2
        kafka_java "${@:2}"
        ;;
    *)
        sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
        [[ ${1:-} == --help || ${1:-} == -h ]] || return 2
        ;;
    esac
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    kafka_main "$@"
fi
