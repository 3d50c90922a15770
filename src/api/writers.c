/* writers.c - a front end's functions, or its programs, as the table that a restore calls. */
#include "api/writers.h"

#include "base/json.h"
#include "run/program.h"

#include <unistd.h>

struct vsr_writer_reply {
    struct buffer *document; /* NULL: a service gives none */
    struct buffer *message;
};

void vsr_writer_reply_document(vsr_writer_reply *reply, const char *text, size_t bytes)
{
    if (reply->document != NULL) {
        reply->document->n = 0;
        buffer_add(reply->document, text, bytes);
    }
}

void vsr_writer_reply_message(vsr_writer_reply *reply, const char *sentence)
{
    reply->message->n = 0;
    buffer_printf(reply->message, "%s", sentence);
}

static bool given_plays(void *context, uint32_t writer)
{
    const struct players *players = context;
    const struct bcd_writer *of = &players->documents->bcd.writers[writer];
    char writer_id[UUID_TEXT_BYTES];
    char instance_id[UUID_TEXT_BYTES];
    uuid_text(&of->writer_id, writer_id);
    uuid_text(&of->instance_id, instance_id);
    return players->given.pre_restore != NULL &&
           (players->given.plays == NULL ||
            players->given.plays(players->given.context, writer_id, instance_id) != 0);
}

typedef int writer_function(void *context, const vsr_writer_event *event, vsr_writer_reply *reply);

static void given_ask(struct players *players, writer_function *function,
                      const struct writer_question *question, struct writer_answer *answer)
{
    struct arena arena = {0};
    char writer_id[UUID_TEXT_BYTES];
    char instance_id[UUID_TEXT_BYTES];
    uuid_text(question->writer_id, writer_id);
    uuid_text(question->instance_id, instance_id);
    const vsr_writer_event event = {
        .writer = writer_id,
        .instance = instance_id,
        .name = arena_copy(&arena, question->writer_name).p,
        .run_dir = question->run_dir,
        .document = arena_copy(&arena, question->document).p,
        .document_bytes = question->document.n,
    };
    vsr_writer_reply reply = {&answer->document, &answer->message};
    const int code = function(players->given.context, &event, &reply);
    answer->state = code == VSR_WRITER_STABLE  ? WRITER_STABLE
                    : code == VSR_WRITER_RETRY ? WRITER_RETRY
                                               : WRITER_FAILED;
    if (answer->state != WRITER_STABLE && answer->message.n == 0) {
        buffer_printf(&answer->message, "no reason was given (%d)", code);
    }
    arena_free(&arena);
}

static void given_pre_restore(void *context, const struct writer_question *question,
                              struct writer_answer *answer)
{
    struct players *players = context;
    given_ask(players, players->given.pre_restore, question, answer);
}

static void given_post_restore(void *context, const struct writer_question *question,
                               struct writer_answer *answer)
{
    struct players *players = context;
    given_ask(players, players->given.post_restore, question, answer);
}

typedef int service_function(void *context, const char *name, vsr_writer_reply *reply);

static void service_ask(struct players *players, service_function *function, const char *name,
                        struct service_answer *answer)
{
    vsr_writer_reply reply = {NULL, &answer->message};
    const int code = function(players->given.context, name, &reply);
    answer->state = code == VSR_SERVICE_DONE      ? SERVICE_DONE
                    : code == VSR_SERVICE_ALREADY ? SERVICE_ALREADY
                    : code == VSR_SERVICE_UNKNOWN ? SERVICE_UNKNOWN
                                                  : SERVICE_FAILED;
}

static void given_stop(void *context, const char *name, struct service_answer *answer)
{
    struct players *players = context;
    service_ask(players, players->given.service_stop, name, answer);
}

static void given_start(void *context, const char *name, struct service_answer *answer)
{
    struct players *players = context;
    service_ask(players, players->given.service_start, name, answer);
}

static vsr_code given_check(const vsr_writers *given, vsr_error *error)
{
    const bool programs = given->program_count > 0 || given->service_command != NULL;
    const bool functions = given->pre_restore != NULL || given->service_stop != NULL;
    if (programs && functions) {
        return err_set(error, VSR_ERR_USAGE, "api/writers",
                       "vsr_writers names programs and functions; one or the other plays");
    }
    if ((given->pre_restore == NULL) != (given->post_restore == NULL) ||
        (given->service_stop == NULL) != (given->service_start == NULL)) {
        return err_set(error, VSR_ERR_USAGE, "api/writers",
                       "vsr_writers has one function of a pair; both are needed");
    }
    return VSR_OK;
}

vsr_code players_init(struct players *out, const vsr_writers *given,
                      const struct documents *documents, bool may_be_unknown,
                      const volatile int *cancel, vsr_error *error)
{
    *out = (struct players){.documents = documents};
    vsr_code rc = options_take(&out->given, sizeof out->given, given, "vsr_writers", error);
    if (rc == VSR_OK) {
        rc = given_check(&out->given, error);
    }
    if (rc != VSR_OK) {
        return rc;
    }
    const vsr_writers *mine = &out->given;
    if (mine->pre_restore != NULL || mine->service_stop != NULL) {
        out->calls = (struct writer_calls){
            .context = out,
            .plays = given_plays,
            .pre_restore = given_pre_restore,
            .post_restore = given_post_restore,
            .service_stop = mine->service_stop != NULL ? given_stop : NULL,
            .service_start = mine->service_start != NULL ? given_start : NULL,
        };
        out->any = true;
    } else if (mine->program_count > 0 || mine->service_command != NULL) {
        const struct writer_programs_options options = {
            .writers = mine->programs,
            .writer_count = (uint32_t)mine->program_count,
            .service_command = mine->service_command,
            .path = mine->path,
            .lang = mine->lang,
            .may_be_unknown = may_be_unknown,
            .limit_s = mine->limit_s,
            .cancel = cancel,
        };
        rc = program_check_children(error);
        rc = rc == VSR_OK ? writer_programs_init(&out->programs, documents, &options, error) : rc;
        out->calls = writer_programs_calls(&out->programs);
        out->any = rc == VSR_OK;
    }
    return rc;
}

/* A path as it is called from anywhere. */
static void program_render(struct json *json, const char *key, const char *program)
{
    char here[4096];
    struct buffer text = {0};
    if (program[0] != '/' && getcwd(here, sizeof here) != NULL) {
        buffer_printf(&text, "%s/", here);
    }
    buffer_add_view(&text, view_of(program));
    json_path(json, key, buffer_view(&text));
    buffer_free(&text);
}

void players_render(const struct players *players, struct buffer *out)
{
    const struct writer_programs *programs = &players->programs;
    struct json json = json_into(out);
    json_object_begin(&json, NULL);
    json_array_begin(&json, "programs");
    for (uint32_t w = 0; w < programs->writer_count; w++) {
        if (programs->programs[w] != NULL) {
            json_object_begin(&json, NULL);
            json_u64(&json, "writer", w);
            program_render(&json, "program", programs->programs[w]);
            json_object_end(&json);
        }
    }
    json_array_end(&json);
    if (programs->service_command != NULL) {
        program_render(&json, "service_command", programs->service_command);
    } else {
        json_null(&json, "service_command");
    }
    json_path(&json, "path", programs->path);
    json_path(&json, "lang", programs->lang);
    json_u64(&json, "limit_s", programs->limit_ns / 1000000000);
    json_object_end(&json);
}

void players_fini(struct players *players)
{
    writer_programs_fini(&players->programs);
    *players = (struct players){0};
}
