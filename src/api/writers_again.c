/* writers_again.c - the programs that played in a run, found again by another process. */
#include "api/writers.h"

#include "base/base64.h"
#include "base/limits.h"
#include "run/program.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* As base/json.h's json_path() writes it, in the arena; NULL: it is none. */
static const char *path_of(struct arena *arena, const json_t *object, const char *key)
{
    char beside[64];
    (void)snprintf(beside, sizeof beside, "%s_b64", key);
    const char *exact = json_string_value(json_object_get(object, beside));
    const char *text = json_string_value(json_object_get(object, key));
    if (exact == NULL) {
        return text != NULL ? arena_copy(arena, view_of(text)).p : NULL;
    }
    struct buffer bytes = {0};
    const bool right = base64_decode(view_of(exact), &bytes);
    const char *path = right ? arena_copy(arena, buffer_view(&bytes)).p : NULL;
    buffer_free(&bytes);
    return path;
}

/* False: it is not what players_render() writes for these documents. */
static bool programs_recall(struct players *out, const json_t *object, const volatile int *cancel)
{
    struct arena arena = {0};
    const uint32_t writers = out->documents->bcd.writer_count;
    const char **programs = ARENA_ARRAY(&arena, const char *, writers);
    const json_t *list = json_object_get(object, "programs");
    const json_int_t limit_s = json_integer_value(json_object_get(object, "limit_s"));
    bool right = json_is_array(list) && limit_s > 0 && limit_s <= WRITER_LIMIT_S_MAX;
    for (size_t i = 0; i < json_array_size(list) && right; i++) {
        const json_t *one = json_array_get(list, i);
        const json_int_t writer = json_integer_value(json_object_get(one, "writer"));
        const char *program = path_of(&arena, one, "program");
        right = writer >= 0 && (uint64_t)writer < writers && program != NULL && program[0] == '/';
        if (right) {
            programs[writer] = program;
        }
    }
    if (right) {
        const struct writer_programs_options options = {
            .service_command = path_of(&arena, object, "service_command"),
            .path = path_of(&arena, object, "path"),
            .lang = path_of(&arena, object, "lang"),
            .limit_s = (uint32_t)limit_s,
            .cancel = cancel,
        };
        writer_programs_recall(&out->programs, programs, writers, &options);
        out->calls = writer_programs_calls(&out->programs);
        out->any = true;
    }
    arena_free(&arena);
    return right;
}

vsr_code players_recall(struct players *out, struct view text, const vsr_writers *given,
                        const struct documents *documents, const volatile int *cancel,
                        vsr_error *error)
{
    json_error_t fail;
    vsr_code rc = players_init(out, given, documents, true, cancel, error);
    if (rc != VSR_OK || out->any || !view_present(text)) {
        return rc;
    }
    json_t *object = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &fail);
    if (!json_is_object(object) || !programs_recall(out, object, cancel)) {
        rc = err_set(error, VSR_ERR_RUN_FOREIGN, "api/writers",
                     "the journal does not say who played writers and services in this run");
    }
    json_decref(object);
    return rc == VSR_OK && out->any ? program_check_children(error) : rc;
}
