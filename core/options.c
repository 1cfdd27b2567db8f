/* options: every setting of every component, in one table, so that one file can serve a whole host. */
#include "core/config.h"

const struct curfew_config_option curfew_options[] = {
    {"topics.prefix", "curfew", "topics are named <prefix>.control, <prefix>.lifecycle, ..."},
    {"log.level", "info", "debug, info, warning or error"},
    {"config", "", "settings file of the curfew command; as CURFEW_CONFIG alone, others ignore it"},

    {"producer.key_file", NULL, "key of the writer that emits, as curfew writer add makes it, mode 0600"},

    {"coordinators.keys_file", NULL,
     "public keys of the coordinators (RFC 7517): whose beacons and answers are believed; read again when it changes"},

    {"coordinator.id", NULL, "name of this coordinator: the writer of its ticks"},
    {"coordinator.master_file", NULL, "the coordinators' master key, as curfew topics create makes it, mode 0600"},
    {"coordinator.key_file", NULL, "private key it signs beacons and answers with: ES256, PEM, mode 0600"},
    {"coordinator.rank", "0", "0 speaks at once; rank k of several waits k times 50 ms for those before it; 0..9"},
    {"coordinator.listen", "127.0.0.1:8610",
     "address:port of /livez, /readyz, /metrics, /v1/impact and /v1/hops; port 0 takes a free one"},
    {"coordinator.url", NULL,
     "where commands ask a coordinator what a revocation would end, and how hops are: "
     "http://127.0.0.1:8610"},

    {"hop.id", NULL, "name of this hop, stable over restarts"},
    {"hop.key_file", NULL,
     "the hop's own key, of curfew writer add HOP --role hop, mode 0600; without it no status is published"},
    {"hop.issuers_file", NULL, "JSON: the issuers this hop accepts, their keys, algorithms and tenants"},
    {"hop.issuer", NULL, "instead, for one issuer: the iss of its tokens"},
    {"hop.audience", NULL, "the aud a token must name to be accepted here"},
    {"hop.jwks_file", NULL, "public keys of the issuer (RFC 7517)"},
    {"hop.algorithms", NULL, "what the issuer may sign by: ES256, RS256, EdDSA; commas between"},
    {"hop.tenants", NULL, "tenants the issuer may speak for, commas between; * for every tenant"},
    {"hop.longest_life_s", "900", "a token that lives longer than this from iat to exp is not accepted; 1..86400"},
    {"hop.floors_max", "4194304", "live floors held; at the bound the hop is unavailable rather than forgetful"},

    {"guard.listen", "127.0.0.1:8600", "address:port of the side-car; port 0 takes a free one"},
    {"guard.class", NULL, "strictness of checks that name none: strict, standard or best_effort"},

    {"guard.events_listen", "",
     "where POST /v1/events is taken: unix:/path, or address:port (TLS unless loopback); empty: nowhere"},
    {"guard.events_mode", "0660", "mode of that unix socket: who may connect to it"},
    {"guard.events_certificate_file", NULL, "certificate chain of the door's TLS, PEM; read at start"},
    {"guard.events_key_file", NULL, "private key of that certificate, PEM, mode 0600"},
    {"guard.events_client_ca_file", NULL, "who may sign certificates that callers are known by, PEM; unset: none"},
    {"guard.events_per_s", "500", "events a second of one caller of guard.callers_file; as many at once; 1..1000000"},
    {"guard.callers_file", NULL, "JSON: orchestrators that may use the door, each with its writer's key; read again"},
    {"guard.door_key_file", NULL,
     "key of a writer of role door, mode 0600: what workers say is proven by it; unset: workers are turned away"},

    {"cache.address", "", "Redis: host:port or unix:/path; empty: no cache"},
    {"cache.prefix", "curfew:{0}", "prefix of every key; the {tag} keeps them on one cluster node"},
    {"cache.password_file", "", "file with user:password or password; empty: none"},

    {"issuer.name", NULL, "the iss of minted tokens"},
    {"issuer.key_file", NULL, "PEM private key (EC P-256, RSA or Ed25519), mode 0600"},
    {NULL, NULL, NULL},
};
