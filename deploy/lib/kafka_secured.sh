#!/usr/bin/env bash
# kafka_secured: what makes the broker of kafka.sh one as in production: TLS, SASL and ACLs. To be sourced by it.
#
# Three listeners on 127.0.0.1: plain text (nobody is known there, and may do nothing), SSL (the client's certificate
# says who it is) and SASL_SSL (PLAIN: a password, inside TLS). Nobody may do anything that no ACL grants, but the
# broker itself and admin. For each principal DIR/clients/NAME.properties is a settings file of ours (mode 0600), with
# the address and what it proves itself by: broker, admin and coordinator a certificate; operator, writer, hop, door,
# siem and stranger a password. Everything is made for this directory and good for a day.
set -euo pipefail

SECURED_BY_CERTIFICATE=(broker admin coordinator)
SECURED_BY_PASSWORD=(operator writer hop door siem stranger)
SECURED_DAYS=1

# secured_certificate DIR NAME [EXTENSION]: NAME.key and NAME.pem in DIR/tls, signed by its ca.
secured_certificate() {
    local tls=$1/tls name=$2 extension=${3:-}
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" \
        -keyout "$tls/$name.key" -out "$tls/$name.csr" 2>>"$tls/log"
    openssl x509 -req -in "$tls/$name.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial \
        -days "$SECURED_DAYS" -extfile <(echo "$extension") -out "$tls/$name.pem" 2>>"$tls/log"
    rm "$tls/$name.csr"
}

secured_password() {
    cat "$1/clients/$2.password"
}

# secured_client DIR NAME SSL_PORT SASL_PORT
secured_client() {
    local dir=$1 name=$2
    printf 'kafka.ssl.ca.location = %s/tls/ca.pem\n' "$dir"
    if [[ -f $dir/tls/$name.pem ]]; then
        printf 'kafka.bootstrap.servers = 127.0.0.1:%s\nkafka.security.protocol = ssl\n' "$3"
        printf 'kafka.ssl.certificate.location = %s\n' "$dir/tls/$name.pem"
        printf 'kafka.ssl.key.location = %s\n' "$dir/tls/$name.key"
    else
        printf 'kafka.bootstrap.servers = 127.0.0.1:%s\nkafka.security.protocol = sasl_ssl\n' "$4"
        printf 'kafka.sasl.mechanism = PLAIN\nkafka.sasl.username = %s\n' "$name"
        printf 'kafka.sasl.password = %s\n' "$(secured_password "$dir" "$name")"
    fi
}

# secured_make DIR SSL_PORT SASL_PORT: certificates, passwords and clients.
secured_make() (
    local dir=$1 name
    umask 077
    mkdir -p "$dir/tls" "$dir/clients"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=ca" -days "$SECURED_DAYS" \
        -keyout "$dir/tls/ca.key" -out "$dir/tls/ca.pem" 2>"$dir/tls/log"
    for name in "${SECURED_BY_CERTIFICATE[@]}"; do
        secured_certificate "$dir" "$name" "subjectAltName=IP:127.0.0.1"
    done
    cat "$dir/tls/broker.key" "$dir/tls/broker.pem" >"$dir/tls/keystore.pem"
    for name in "${SECURED_BY_PASSWORD[@]}"; do
        openssl rand -hex 16 >"$dir/clients/$name.password"
    done
    for name in "${SECURED_BY_CERTIFICATE[@]}" "${SECURED_BY_PASSWORD[@]}"; do
        secured_client "$dir" "$name" "$2" "$3" >"$dir/clients/$name.properties"
    done
)

# The users and passwords that the broker knows, as Java's login module wants them.
secured_users() {
    local name
    printf 'org.apache.kafka.common.security.plain.PlainLoginModule required'
    for name in "${SECURED_BY_PASSWORD[@]}"; do
        printf ' user_%s="%s"' "$name" "$(secured_password "$1" "$name")"
    done
    printf ';\n'
}

# secured_properties DIR PLAIN_PORT SSL_PORT SASL_PORT CONTROLLER_PORT: what differs from the plain broker.
secured_properties() {
    local dir=$1
    cat <<PROPERTIES
listeners=PLAINTEXT://127.0.0.1:$2,SSL://127.0.0.1:$3,SASL_SSL://127.0.0.1:$4,CONTROLLER://127.0.0.1:$5
advertised.listeners=PLAINTEXT://127.0.0.1:$2,SSL://127.0.0.1:$3,SASL_SSL://127.0.0.1:$4
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL,CONTROLLER:SSL
inter.broker.listener.name=SSL
ssl.keystore.type=PEM
ssl.keystore.location=$dir/tls/keystore.pem
ssl.truststore.type=PEM
ssl.truststore.location=$dir/tls/ca.pem
listener.name.ssl.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
# A certificate's common name is the principal: CN=hop is User:hop.
ssl.principal.mapping.rules=RULE:^CN=([^,]+).*\$/\$1/,DEFAULT
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config=$(secured_users "$dir")
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:broker;User:admin
PROPERTIES
}
