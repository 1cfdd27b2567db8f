/* trace: FNV-1a over every line. */
#include "tests/sim/trace.h"

#include <stdarg.h>

void sim_trace_begin(struct sim_trace *trace, FILE *out, int64_t begun_us)
{
    *trace = (struct sim_trace){.hash = UINT64_C(0xcbf29ce484222325), .out = out, .begun_us = begun_us};
}

void sim_trace_line(struct sim_trace *trace, int64_t now_us, const char *who, const char *format, ...)
{
    char line[1024];
    const int64_t since_us = now_us - trace->begun_us;
    int used = snprintf(line, sizeof line, "%4lld.%06lld %-14s ", (long long)(since_us / 1000000),
                        (long long)(since_us % 1000000), who);
    va_list arguments;
    va_start(arguments, format);
    used += vsnprintf(line + used, sizeof line - (size_t)used, format, arguments);
    va_end(arguments);
    for (const char *c = line; *c != '\0'; c++) {
        trace->hash = (trace->hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
    }
    if (trace->out != NULL) {
        fprintf(trace->out, "%s%s\n", line, used >= (int)sizeof line ? "…" : "");
    }
}
