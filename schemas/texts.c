/* texts: takes the .avsc files in at build time, by the assembler: what is published is what runs. */
#include "schemas/texts.h"

#ifndef CURFEW_SCHEMAS_DIR /* the build says where; else the compiler was started in the root of the sources */
#define CURFEW_SCHEMAS_DIR "schemas"
#endif

/* Defines curfew_text_<symbol> as the bytes of a file and a NUL. */
#define TAKE_IN(symbol, file)                                                                                          \
    __asm__(".pushsection .rodata\n"                                                                                   \
            ".global curfew_text_" symbol "\n"                                                                         \
            ".hidden curfew_text_" symbol "\n"                                                                         \
            ".type curfew_text_" symbol ", %object\n"                                                                  \
            "curfew_text_" symbol ":\n"                                                                                \
            ".incbin \"" CURFEW_SCHEMAS_DIR "/" file ".avsc\"\n"                                                       \
            ".byte 0\n"                                                                                                \
            ".size curfew_text_" symbol ", . - curfew_text_" symbol "\n"                                               \
            ".popsection\n")

TAKE_IN("genesis", "genesis");
TAKE_IN("settings", "settings");
TAKE_IN("subject_revoked", "subject-revoked");
TAKE_IN("writer_set", "writer-set");
TAKE_IN("policy_adopted", "policy-adopted");
TAKE_IN("policy_raised", "policy-raised");
TAKE_IN("records_skipped", "records-skipped");
TAKE_IN("resync", "resync");
TAKE_IN("session_started", "session-started");
TAKE_IN("session_ended", "session-ended");
TAKE_IN("task_started", "task-started");
TAKE_IN("attempt_ended", "attempt-ended");
TAKE_IN("task_ended", "task-ended");
TAKE_IN("holder_heartbeat", "holder-heartbeat");
TAKE_IN("token_created", "token-created");
TAKE_IN("token_revoked", "token-revoked");
TAKE_IN("tick", "tick");
TAKE_IN("floors", "floors");
TAKE_IN("beacon", "beacon");
TAKE_IN("accepted", "accepted");
TAKE_IN("hop_status", "hop-status");
TAKE_IN("dead_letter", "dead-letter");
