/* fingerprint: CRC-64-AVRO (Avro 1.11 specification, "Schema Fingerprints"), which Avro-C lacks. Pure. */
#ifndef CURFEW_SCHEMAS_FINGERPRINT_H
#define CURFEW_SCHEMAS_FINGERPRINT_H

#include <curfew/slice.h>

uint64_t curfew_fingerprint_rabin(struct curfew_slice text);

#endif
