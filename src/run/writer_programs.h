/* writer_programs.h - writers and services played by programs that the operator names: --writer,
 * --service-command (contract, section 9). */
#ifndef RUN_WRITER_PROGRAMS_H
#define RUN_WRITER_PROGRAMS_H

#include "base/arena.h"
#include "run/writer_calls.h"
#include "vss/documents.h"

struct writer_programs_options {
    const char *const *writers; /* 'WRITER=program' */
    uint32_t writer_count;
    const char *service_command; /* or NULL */
    const char *path, *lang;     /* for their environment; NULL: defaults */
    bool may_be_unknown;         /* a writer that this set does not have: passed over (a chain) */
    uint32_t limit_s;            /* 0: WRITER_LIMIT_S_DEFAULT */
    const volatile int *cancel;  /* ends what runs before the copy; NULL: none */
};

struct writer_programs {
    struct arena arena;
    const char **programs; /* of each of bcd.writers, or NULL */
    uint32_t writer_count;
    const char *service_command;
    struct view path, lang;
    uint64_t limit_ns;
    const volatile int *cancel;
};

/* Resolve. Errors: SELECTION for a WRITER that is none of this backup's, for two programs for
 * one, for a program that is not there. Options are borrowed during the call, cancel until
 * writer_programs_fini(). */
vsr_code writer_programs_init(struct writer_programs *out, const struct documents *documents,
                              const struct writer_programs_options *options, vsr_error *error);
/* The same as they were found when a run began. programs: of each of bcd.writers, or NULL; all are
 * copied. */
void writer_programs_recall(struct writer_programs *out, const char *const *programs,
                            uint32_t writer_count, const struct writer_programs_options *options);
void writer_programs_fini(struct writer_programs *programs);

/* The table of functions on them; good while they are. */
struct writer_calls writer_programs_calls(struct writer_programs *programs);

#endif
