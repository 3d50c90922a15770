/* writer_programs.c - the calls of a restore, carried out by programs.
 *
 * `program pre-restore` and `program post-restore` with the document on standard input, `program
 * stop NAME` and `program start NAME`. Exit codes become states here; what a state means for the
 * restore is dialogue.c's business. */
#include "run/writer_programs.h"

#include "plan/choices.h"
#include "run/program.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static const char WHERE[] = "run/writer_programs";
static const char PATH_DEFAULT[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

enum { EXIT_RETRY = 75, EXIT_NO_SUCH_SERVICE = 4, SERVICE_OUTPUT_MAX = 4096 };

/* --- resolving --- */

static vsr_code program_copy(struct arena *arena, const char *program, struct view path,
                             const char **out, vsr_error *error)
{
    struct buffer found = {0};
    const vsr_code rc = program_find(program, path.p, &found, error);
    if (rc == VSR_OK) {
        *out = arena_copy(arena, (struct view){found.p, found.n - 1}).p;
    }
    buffer_free(&found);
    return rc;
}

static vsr_code writer_take(struct writer_programs *out, const struct documents *documents,
                            const char *option, vsr_error *error)
{
    struct component_ref *refs = NULL;
    uint32_t count = 0;
    struct view program = VIEW_NONE;
    vsr_code rc = choice_resolve_writers(&out->arena, documents, view_of(option), '=', &refs,
                                         &count, &program, error);
    if (rc == VSR_OK && program.n == 0) {
        rc = err_set(error, VSR_ERR_SELECTION, WHERE,
                     "--writer '%s' is not of the form WRITER=program", option);
    }
    for (uint32_t i = 0; i < count && rc == VSR_OK; i++) {
        const char **place = &out->programs[refs[i].writer];
        rc = *place != NULL
                 ? err_set(error, VSR_ERR_SELECTION, WHERE,
                           "--writer '%s': that writer has a program already, %s", option, *place)
                 : program_copy(&out->arena, program.p, out->path, place, error);
    }
    return rc;
}

static void programs_begin(struct writer_programs *out, uint32_t writer_count,
                           const struct writer_programs_options *options)
{
    const uint32_t limit_s = options->limit_s > 0 ? options->limit_s : WRITER_LIMIT_S_DEFAULT;
    *out = (struct writer_programs){
        .writer_count = writer_count,
        .limit_ns =
            (uint64_t)(limit_s < WRITER_LIMIT_S_MAX ? limit_s : WRITER_LIMIT_S_MAX) * 1000000000u,
        .cancel = options->cancel,
    };
    out->programs = ARENA_ARRAY(&out->arena, const char *, out->writer_count);
    out->path =
        arena_copy(&out->arena, view_of(options->path != NULL ? options->path : PATH_DEFAULT));
    out->lang = arena_copy(&out->arena, view_of(options->lang != NULL ? options->lang : "C.UTF-8"));
}

void writer_programs_recall(struct writer_programs *out, const char *const *programs,
                            uint32_t writer_count, const struct writer_programs_options *options)
{
    programs_begin(out, writer_count, options);
    for (uint32_t w = 0; w < writer_count; w++) {
        if (programs[w] != NULL) {
            out->programs[w] = arena_copy(&out->arena, view_of(programs[w])).p;
        }
    }
    if (options->service_command != NULL) {
        out->service_command = arena_copy(&out->arena, view_of(options->service_command)).p;
    }
}

vsr_code writer_programs_init(struct writer_programs *out, const struct documents *documents,
                              const struct writer_programs_options *options, vsr_error *error)
{
    programs_begin(out, documents->bcd.writer_count, options);
    vsr_code rc = VSR_OK;
    for (uint32_t i = 0; i < options->writer_count && rc == VSR_OK; i++) {
        if (options->may_be_unknown &&
            !choice_is_known(documents, view_of(options->writers[i]), '=')) {
            continue;
        }
        rc = writer_take(out, documents, options->writers[i], error);
    }
    if (rc == VSR_OK && options->service_command != NULL) {
        rc = program_copy(&out->arena, options->service_command, out->path, &out->service_command,
                          error);
    }
    if (rc != VSR_OK) {
        writer_programs_fini(out);
    }
    return rc;
}

void writer_programs_fini(struct writer_programs *programs)
{
    arena_free(&programs->arena);
    *programs = (struct writer_programs){0};
}

/* --- calling --- */

static void message_take(struct buffer *message, const struct program_end *end,
                         const struct program_call *call)
{
    if (end->last_line[0] != '\0' && end->fate != PROGRAM_LOST) {
        buffer_add_view(message, view_of(end->last_line));
    } else {
        buffer_printf(message, "%s ", call->arguments[0]);
        program_end_text(end, call, message);
    }
}

static void writer_ask(struct writer_programs *programs, const char *phase,
                       const struct writer_question *question, const volatile int *cancel,
                       struct writer_answer *answer)
{
    struct arena arena = {0};
    char writer_id[UUID_TEXT_BYTES];
    char instance_id[UUID_TEXT_BYTES];
    uuid_text(question->writer_id, writer_id);
    uuid_text(question->instance_id, instance_id);
    const char *const arguments[] = {programs->programs[question->writer], phase, NULL};
    const char *const environment[] = {
        arena_printf(&arena, "PATH=%s", programs->path.p).p,
        arena_printf(&arena, "LANG=%s", programs->lang.p).p,
        arena_printf(&arena, "VSSRESTORE_WRITER=%s", writer_id).p,
        arena_printf(&arena, "VSSRESTORE_INSTANCE=%s", instance_id).p,
        arena_printf(&arena, "VSSRESTORE_RUN=%s", question->run_dir).p,
        NULL,
    };
    const struct program_call call = {.arguments = arguments,
                                      .environment = environment,
                                      .input = question->document,
                                      .output_bytes_max = DOCUMENT_BYTES_MAX,
                                      .limit_ns = programs->limit_ns,
                                      .cancel = cancel};
    struct program_end end;
    vsr_error error = {0};
    if (program_run(&end, &call, &error) != VSR_OK) {
        answer->state = WRITER_FAILED;
        buffer_printf(&answer->message, "%s", error.what);
    } else {
        const bool exited = end.fate == PROGRAM_EXITED;
        answer->state = exited && end.status == 0            ? WRITER_STABLE
                        : exited && end.status == EXIT_RETRY ? WRITER_RETRY
                                                             : WRITER_FAILED;
        if (answer->state != WRITER_STABLE) {
            message_take(&answer->message, &end, &call);
        }
    }
    answer->document = end.output;
    arena_free(&arena);
}

static bool programs_play(void *context, uint32_t writer)
{
    const struct writer_programs *programs = context;
    return programs->programs[writer] != NULL;
}

static void programs_pre_restore(void *context, const struct writer_question *question,
                                 struct writer_answer *answer)
{
    struct writer_programs *programs = context;
    writer_ask(programs, "pre-restore", question, programs->cancel, answer);
}

/* A cancelled restore still tells its writers (rules 2.11): only the time limit ends this. */
static void programs_post_restore(void *context, const struct writer_question *question,
                                  struct writer_answer *answer)
{
    writer_ask(context, "post-restore", question, NULL, answer);
}

/* Neither stopping nor starting is cut short by a signal: half of it helps nobody. */
static void service_ask(struct writer_programs *programs, const char *what, const char *name,
                        struct service_answer *answer)
{
    struct arena arena = {0};
    const char *const arguments[] = {programs->service_command, what, name, NULL};
    const char *const environment[] = {arena_printf(&arena, "PATH=%s", programs->path.p).p,
                                       arena_printf(&arena, "LANG=%s", programs->lang.p).p, NULL};
    const struct program_call call = {.arguments = arguments,
                                      .environment = environment,
                                      .output_bytes_max = SERVICE_OUTPUT_MAX,
                                      .limit_ns = programs->limit_ns};
    struct program_end end;
    vsr_error error = {0};
    answer->state = SERVICE_FAILED;
    if (program_run(&end, &call, &error) != VSR_OK) {
        buffer_printf(&answer->message, "%s", error.what);
    } else if (end.fate != PROGRAM_EXITED || end.status != 0) {
        answer->state = end.fate != PROGRAM_EXITED           ? SERVICE_CUT_SHORT
                        : end.status == EXIT_NO_SUCH_SERVICE ? SERVICE_UNKNOWN
                                                             : SERVICE_FAILED;
        message_take(&answer->message, &end, &call);
    } else {
        const struct view said = buffer_view(&end.output);
        answer->state = view_starts(said, VIEW("already")) ? SERVICE_ALREADY : SERVICE_DONE;
    }
    buffer_free(&end.output);
    arena_free(&arena);
}

static void programs_stop(void *context, const char *name, struct service_answer *answer)
{
    service_ask(context, "stop", name, answer);
}

static void programs_start(void *context, const char *name, struct service_answer *answer)
{
    service_ask(context, "start", name, answer);
}

struct writer_calls writer_programs_calls(struct writer_programs *programs)
{
    const bool services = programs->service_command != NULL;
    return (struct writer_calls){
        .context = programs,
        .plays = programs_play,
        .pre_restore = programs_pre_restore,
        .post_restore = programs_post_restore,
        .service_stop = services ? programs_stop : NULL,
        .service_start = services ? programs_start : NULL,
    };
}
