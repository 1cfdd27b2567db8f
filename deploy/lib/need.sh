#!/usr/bin/env bash
# need: makes sure that what Curfew is built, shown and tested with is on this machine.
#
#   deploy/lib/need.sh LIST...   installs what is missing of these lists
#
#   build   compiler, CMake and the libraries Curfew is made with
#   kafka   Java, and once a user the broker's jars, into ~/.cache/curfew (XDG_CACHE_HOME is honoured)
#   redis   redis-server and redis-cli
#   demo    small tools of deploy/demo
#   test    what tests/run needs besides build: all of the above, and the test tools
#
# What is there already is left alone, whoever installed it: tools are looked for by command, libraries by pkg-config.
# apt-get is run only when something is missing, through sudo when not root. A redis-server that this script installs is
# kept from starting as a service: the demo and the tests start their own.
#
# May also be sourced, for need_packages, need_kafka and kafka_jars.
set -euo pipefail

KAFKA_VERSION=4.3.0
KAFKA_SCALA=2.13
SLF4J_VERSION=1.7.36 # the API Kafka 4.3 is built against
DEPENDENCY_PLUGIN=org.apache.maven.plugins:maven-dependency-plugin:3.6.1
JAVA_OLDEST=17 # Kafka 4 runs on nothing older
APT_LOCK_WAIT_S=300 # another apt may be at work on a machine that has just booted
APT_RETRIES=3

# One wanted thing a line: how to look for it, under which name, and the Debian package that brings it.
need_list() {
    case $1 in
    build)
        cat <<'LIST'
command cc build-essential
command make build-essential
command cmake cmake
command ninja ninja-build
command pkg-config pkg-config
library rdkafka librdkafka-dev
library avro-c libavro-dev
library libcrypto libssl-dev
library hiredis libhiredis-dev
library jansson libjansson-dev
library libmicrohttpd libmicrohttpd-dev
library gnutls libgnutls28-dev
library libcurl libcurl4-openssl-dev
header uthash.h uthash-dev
LIST
        ;;
    kafka)
        printf 'java %s default-jre-headless\n' "$JAVA_OLDEST"
        if [[ ! -d $(kafka_jars) ]]; then
            printf 'command mvn maven\n'
        fi
        ;;
    redis)
        cat <<'LIST'
command redis-server redis-server
command redis-cli redis-tools
LIST
        ;;
    demo)
        cat <<'LIST'
command kcat kcat
command setpriv util-linux
command ps procps
command curl curl
command jq jq
LIST
        ;;
    test)
        need_list kafka
        need_list redis
        need_list demo
        cat <<'LIST'
library cmocka libcmocka-dev
command javac default-jdk-headless
command patch patch
command clang-format clang-format
command git git
command clang clang
runtime fuzzer libclang-rt-dev
command /usr/bin/python3 python3
python avro python3-avro
python jwt python3-jwt
python cryptography python3-cryptography
LIST
        ;;
    *)
        echo "need.sh: no list is named '$1'; there are build, kafka, redis, demo and test" >&2
        return 2
        ;;
    esac
}

# Whether a Java runtime that is new enough is on the path. `java -version` says: openjdk version "17.0.15" 2025-04-15
java_is_new_enough() {
    local said
    command -v java >/dev/null || return 1
    said=$(java -version 2>&1) || return 1
    [[ $said =~ version\ \"([0-9]+) ]] && ((BASH_REMATCH[1] >= JAVA_OLDEST))
}

is_there() {
    local how=$1 name=$2
    case $how in
    command) command -v "$name" >/dev/null ;;
    library) command -v pkg-config >/dev/null && pkg-config --exists "$name" ;;
    header) [[ -e /usr/include/$name || -e /usr/local/include/$name ]] ;;
    python) [[ -x /usr/bin/python3 ]] && /usr/bin/python3 -c "import $name" 2>/dev/null ;;
    java) java_is_new_enough ;;
    runtime) command -v clang >/dev/null && [[ -f $(clang -print-runtime-dir)/libclang_rt.$name-$(uname -m).a ]] ;;
    esac
}

# Prints the packages that are missing of the lists, each once.
missing_packages() {
    local list how name package
    for list in "$@"; do
        need_list "$list" >/dev/null || return
    done
    for list in "$@"; do
        need_list "$list"
    done | while read -r how name package; do
        is_there "$how" "$name" || echo "$package"
    done | sort -u
}

# Runs a command as root, with nothing that could ask a question.
as_root() {
    if ((EUID == 0)); then
        env DEBIAN_FRONTEND=noninteractive "$@"
    else
        sudo -- env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

# Debian asks /usr/sbin/policy-rc.d before it starts a service. One that is already there is somebody's decision and
# stays; otherwise ours says no to Redis alone, for as long as apt runs.
apt_install() (
    local policy=/usr/sbin/policy-rc.d log brings_redis=false
    log=$(mktemp "${TMPDIR:-/tmp}/curfew-apt.XXXXXX")
    cleanup() {
        rm -f "$log"
        if [[ ${ours:-} == yes ]]; then
            as_root rm -f "$policy"
        fi
    }
    trap cleanup EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    if [[ " $* " == *" redis-server "* ]]; then
        brings_redis=true
        if [[ ! -e $policy ]]; then
            ours=yes
            printf '%s\n' '#!/bin/sh' '# put here by curfew while it installs packages; safe to remove' \
                'case "$*" in *redis*) exit 101 ;; esac' 'exit 0' | as_root tee "$policy" >/dev/null
            as_root chmod 0755 "$policy"
        fi
    fi
    local apt=(apt-get -y -q -o "DPkg::Lock::Timeout=$APT_LOCK_WAIT_S" -o "Acquire::Retries=$APT_RETRIES")
    if ! as_root "${apt[@]}" update >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        echo "need.sh: apt-get update failed (above); trying with the lists that are here" >&2
    fi
    if ! as_root "${apt[@]}" install --no-install-recommends "$@" >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        echo "need.sh: apt-get install failed, its last lines are above. Mend that, or install by hand: $*" >&2
        exit 1
    fi
    if $brings_redis && [[ -d /run/systemd/system ]]; then
        as_root systemctl disable --quiet redis-server || true # or it would start at the next boot
    fi
)

# Installs what is missing of the lists named; does nothing, in about 0.3 s, when all is there.
need_packages() {
    local missing
    missing=$(missing_packages "$@")
    if [[ -z $missing ]]; then
        echo "need: everything for '$*' is installed"
        return 0
    fi
    local packages
    mapfile -t packages <<<"$missing"
    if ! command -v apt-get >/dev/null; then
        echo "need.sh: missing for '$*', by their Debian names: ${packages[*]}" >&2
        echo "need.sh: this machine has no apt-get; install them with its own package manager and run this again" >&2
        return 1
    fi
    if ((EUID != 0)) && ! command -v sudo >/dev/null; then
        echo "need.sh: missing for '$*': ${packages[*]}" >&2
        echo "need.sh: this needs root and there is no sudo; run as root: apt-get install ${packages[*]}" >&2
        return 1
    fi
    echo "need: installing with apt-get, because '$*' cannot do without: ${packages[*]}"
    apt_install "${packages[@]}" || return 1
    missing=$(missing_packages "$@")
    if [[ -n $missing ]]; then
        echo "need.sh: apt-get succeeded, and still not found: ${missing//$'\n'/ }" >&2
        echo "need.sh: look for an older version earlier on PATH or PKG_CONFIG_PATH" >&2
        return 1
    fi
    echo "need: installed"
}

# Where the broker's jars are, or will be.
kafka_jars() {
    echo "${XDG_CACHE_HOME:-${HOME:?HOME or XDG_CACHE_HOME must be set}/.cache}/curfew/kafka-$KAFKA_VERSION"
}

write_pom() {
    cat <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>curfew</groupId><artifactId>broker</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_$KAFKA_SCALA</artifactId>
      <version>$KAFKA_VERSION</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId>
      <version>$SLF4J_VERSION</version></dependency>
  </dependencies>
</project>
POM
}

# Fetches the broker's jars beside their final place and renames them into it: what is there is always whole.
fetch_kafka() (
    local jars=$1 parent fresh
    parent=$(dirname "$jars")
    mkdir -p "$parent"
    fresh=$(mktemp -d "$parent/.kafka.XXXXXX")
    trap 'rm -rf "$fresh"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    write_pom >"$fresh/pom.xml"
    if ! mvn -q -B -f "$fresh/pom.xml" "$DEPENDENCY_PLUGIN:copy-dependencies" -DincludeScope=runtime \
        -DoutputDirectory="$fresh/libs" >"$fresh/log" 2>&1; then
        tail -n 20 "$fresh/log" >&2
        echo "need.sh: Maven could not fetch Kafka $KAFKA_VERSION, its last lines are above. It uses your own" \
            "settings (~/.m2/settings.xml): check that they reach a repository" >&2
        exit 1
    fi
    if [[ ! -f $fresh/libs/kafka_$KAFKA_SCALA-$KAFKA_VERSION.jar ]]; then
        echo "need.sh: Maven succeeded but brought no kafka_$KAFKA_SCALA-$KAFKA_VERSION.jar" >&2
        exit 1
    fi
    # Whoever came first wins: -T refuses to rename over a directory that holds something.
    mv -T "$fresh/libs" "$jars" 2>/dev/null || [[ -d $jars ]]
)

need_kafka() {
    local jars
    jars=$(kafka_jars)
    if [[ -d $jars ]]; then
        echo "need: Kafka $KAFKA_VERSION is in $jars"
        return 0
    fi
    echo "need: fetching Kafka $KAFKA_VERSION (a broker of our own, 45 MB) with Maven into $jars"
    fetch_kafka "$jars"
    echo "need: Kafka $KAFKA_VERSION is in $jars"
}

need_main() {
    local name kafka=false
    for name in "$@"; do
        case $name in
        -h | --help)
            sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
            return 0
            ;;
        kafka | test) kafka=true ;;
        esac
    done
    if (($# == 0)); then
        echo "need.sh: say what for: build, kafka, redis, demo or test (--help tells more)" >&2
        return 2
    fi
    need_packages "$@"
    if $kafka; then
        need_kafka
    fi
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    need_main "$@"
fi
