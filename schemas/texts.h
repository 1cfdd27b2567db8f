/* texts: the .avsc files as they are, inside the program. Any thread. */
#ifndef CURFEW_SCHEMAS_TEXTS_H
#define CURFEW_SCHEMAS_TEXTS_H

#pragma GCC visibility push(hidden)
/* NUL-terminated. */
extern const char curfew_text_genesis[];
extern const char curfew_text_settings[];
extern const char curfew_text_subject_revoked[];
extern const char curfew_text_writer_set[];
extern const char curfew_text_policy_adopted[];
extern const char curfew_text_policy_raised[];
extern const char curfew_text_records_skipped[];
extern const char curfew_text_resync[];
extern const char curfew_text_session_started[];
extern const char curfew_text_session_ended[];
extern const char curfew_text_task_started[];
extern const char curfew_text_attempt_ended[];
extern const char curfew_text_task_ended[];
extern const char curfew_text_holder_heartbeat[];
extern const char curfew_text_token_created[];
extern const char curfew_text_token_revoked[];
extern const char curfew_text_tick[];
extern const char curfew_text_floors[];
extern const char curfew_text_beacon[];
extern const char curfew_text_accepted[];
extern const char curfew_text_hop_status[];
extern const char curfew_text_dead_letter[];
#pragma GCC visibility pop

#endif
