/* writer_calls.h - the seam between a restore and whoever plays the writers and services: a table
 * of functions, so that programs (writer_programs.h) and a front end's callbacks fit alike
 * (rules 3.3; contract, section 9). All calls on the control thread, one after another. */
#ifndef RUN_WRITER_CALLS_H
#define RUN_WRITER_CALLS_H

#include "base/buffer.h"
#include "base/uuid.h"

struct writer_question {
    uint32_t writer; /* index into bcd.writers */
    const struct uuid *writer_id, *instance_id;
    struct view writer_name;
    const char *run_dir;  /* as it will be or is called; absolute */
    struct view document; /* UTF-8 */
};

enum writer_state {
    WRITER_STABLE,
    WRITER_RETRY, /* wants to be asked again, a second later (ruling 40) */
    WRITER_FAILED
};

struct writer_answer {
    enum writer_state state;
    struct buffer document; /* the edited document; empty: no change. The asker's to free */
    struct buffer message;  /* why it failed, for people; empty: nothing was said. Likewise */
};

enum service_state {
    SERVICE_DONE,
    SERVICE_ALREADY, /* it was so before */
    SERVICE_UNKNOWN, /* no service of that name */
    SERVICE_FAILED,
    SERVICE_CUT_SHORT /* it ended without an answer, or nobody learnt which: nobody knows */
};

struct service_answer {
    enum service_state state;
    struct buffer message; /* why, for people; the asker's to free */
};

struct writer_calls {
    void *context;
    /* Does somebody play this writer? Nobody does: it is not told of anything. */
    bool (*plays)(void *context, uint32_t writer);
    void (*pre_restore)(void *context, const struct writer_question *question,
                        struct writer_answer *answer);
    void (*post_restore)(void *context, const struct writer_question *question,
                         struct writer_answer *answer);
    /* NULL: nobody stops services. */
    void (*service_stop)(void *context, const char *name, struct service_answer *answer);
    void (*service_start)(void *context, const char *name, struct service_answer *answer);
};

#endif
