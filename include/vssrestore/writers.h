/* writers.h - who plays the Windows writers and services in a restore (rules 3.3; contract,
 * section 9): programs that an operator names, or a front end's own functions.
 *
 * A writer is asked before places are decided (PreRestore) and told after statuses are known
 * (PostRestore), with the Backup Components Document as text. What it gives back may change only
 * what a writer may: the restore target, directed targets, restore metadata and its failure
 * message; all else is dropped with a warning. Whoever was asked is told in the end, also when the
 * restore fails or is cancelled. */
#ifndef VSSRESTORE_WRITERS_H
#define VSSRESTORE_WRITERS_H

#include <stddef.h>

#include "vssrestore/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What the functions below return; of a program, its exit code. Any other value: it failed, and of
 *  a writer that failed in PreRestore nothing is copied (WRITER_VETO). */
enum {
    VSR_WRITER_STABLE = 0,
    VSR_WRITER_RETRY = 75, /**< ask again a second later; at most four times in all */
    VSR_SERVICE_DONE = 0,
    VSR_SERVICE_ALREADY = 1, /**< it was so before (a program prints "already" and ends with 0) */
    VSR_SERVICE_UNKNOWN = 4  /**< there is no such service */
};

typedef struct vsr_writer_event {
    const char *writer;   /**< class id    */
    const char *instance; /**< instance id */
    const char *name;     /**< friendly name */
    const char *run_dir;  /**< the run folder; what is put there under other names stays */
    const char *document; /**< the Backup Components Document, UTF-8 */
    size_t document_bytes;
} vsr_writer_event;

/** What is given back, filled inside a call. */
typedef struct vsr_writer_reply vsr_writer_reply;
/** The whole edited document; not called: no change. Copied. */
VSR_API void vsr_writer_reply_document(vsr_writer_reply *reply, const char *text, size_t bytes);
/** Why it failed, one sentence. Copied. */
VSR_API void vsr_writer_reply_message(vsr_writer_reply *reply, const char *sentence);

/** Either programs or functions; both is VSR_ERR_USAGE. Programs are children of this process, and
 *  how each ends is waited for: a process that ignores SIGCHLD (SIG_IGN, also inherited, or
 *  SA_NOCLDWAIT) names none (VSR_ERR_USAGE, before anybody is asked), and no thread of it waits for
 *  children that are not its own (waitpid(-1)). Else nobody knows how a program ended: a writer
 *  counts as failed, and a service that was to be stopped is started. Set `size` to
 *  sizeof(vsr_writers), the rest to zero or what is meant. Strings are borrowed during the call
 *  that gets it. */
typedef struct vsr_writers {
    size_t size;
    const char *const *programs; /**< WRITER=program, run with pre-restore or post-restore */
    size_t program_count;
    const char *service_command; /**< run with stop NAME or start NAME; or NULL */
    const char *path;            /**< PATH of the programs, and where they are looked for; NULL:
                                      the system's folders */
    const char *lang;            /**< LANG of the programs; NULL: C.UTF-8 */
    unsigned limit_s;            /**< for each call of a program; 0: 600 */

    /** Is this writer played at all? NULL: every one is, if there is a pre_restore. Functions are
     *  called on the thread that runs the restore, one after another. */
    int (*plays)(void *context, const char *writer, const char *instance);
    int (*pre_restore)(void *context, const vsr_writer_event *event, vsr_writer_reply *reply);
    int (*post_restore)(void *context, const vsr_writer_event *event, vsr_writer_reply *reply);
    int (*service_stop)(void *context, const char *name, vsr_writer_reply *reply);
    int (*service_start)(void *context, const char *name, vsr_writer_reply *reply);
    void *context;
} vsr_writers;

#ifdef __cplusplus
}
#endif
#endif
