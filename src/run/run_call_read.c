/* run_call_read.c - the JSON object of run_call.c read back, every value held against what it may
 * be. Who the players are is the library's front (api/), which gave the text. */
#include "base/base64.h"
#include "base/limits.h"
#include "run/run_call.h"
#include "run/run_call_words.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct call_reading {
    struct run_call *out;
    bool wrong;
};

static const char *text_read(struct call_reading *r, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (json_is_null(value)) {
        return NULL;
    }
    if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value)) {
        r->wrong = true;
        return NULL;
    }
    return arena_copy(&r->out->arena, view_of(json_string_value(value))).p;
}

/* As base/json.h's json_path() writes it: the bytes themselves, if it is no UTF-8. */
static const char *path_read(struct call_reading *r, const json_t *object, const char *key)
{
    char beside[64];
    (void)snprintf(beside, sizeof beside, "%s_b64", key);
    const json_t *exact = json_object_get(object, beside);
    if (exact == NULL) {
        return text_read(r, object, key);
    }
    struct buffer bytes = {0};
    const char *text = json_string_value(exact);
    r->wrong = r->wrong || text == NULL || !base64_decode(view_of(text), &bytes);
    const char *path = arena_copy(&r->out->arena, buffer_view(&bytes)).p;
    buffer_free(&bytes);
    return path;
}

static bool bool_read(struct call_reading *r, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    r->wrong = r->wrong || !json_is_boolean(value);
    return json_is_true(value);
}

static uint64_t number_read(struct call_reading *r, const json_t *value, uint64_t most)
{
    const json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || (uint64_t)number > most) {
        r->wrong = true;
        return 0;
    }
    return (uint64_t)number;
}

static int choice_read(struct call_reading *r, const json_t *object, const char *key,
                       const char *const *choices)
{
    const char *text = text_read(r, object, key);
    for (int i = 0; text != NULL && choices[i] != NULL; i++) {
        if (strcmp(choices[i], text) == 0) {
            return i;
        }
    }
    r->wrong = true;
    return 0;
}

static uint32_t *numbers_read(struct call_reading *r, const json_t *object, const char *key,
                              uint32_t *count)
{
    const json_t *list = json_object_get(object, key);
    const size_t size = json_array_size(list);
    if (!json_is_array(list) || size > DOCUMENT_WRITERS_MAX) {
        r->wrong = true;
        return NULL;
    }
    uint32_t *numbers = ARENA_ARRAY(&r->out->arena, uint32_t, size);
    for (size_t i = 0; i < size; i++) {
        numbers[i] = (uint32_t)number_read(r, json_array_get(list, i), DOCUMENT_WRITERS_MAX);
    }
    *count = (uint32_t)size;
    return numbers;
}

static struct view raw_read(struct call_reading *r, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    char *text = json_is_object(value) ? json_dumps(value, JSON_COMPACT) : NULL;
    const struct view copy = text != NULL ? arena_copy(&r->out->arena, view_of(text)) : VIEW_NONE;
    free(text);
    r->wrong = r->wrong || (value != NULL && !json_is_object(value) && !json_is_null(value));
    return copy;
}

static void services_read(struct call_reading *r, const json_t *list)
{
    struct dialogue_recall *recall = &r->out->recall;
    recall->service_count = (uint32_t)json_array_size(list);
    recall->services =
        ARENA_ARRAY(&r->out->arena, struct dialogue_recalled_service, recall->service_count);
    for (uint32_t i = 0; i < recall->service_count; i++) {
        const json_t *service = json_array_get(list, i);
        recall->services[i].name = text_read(r, service, "name");
        recall->services[i].stopped = bool_read(r, service, "stopped");
        r->wrong = r->wrong || recall->services[i].name == NULL;
    }
}

static void notes_read(struct call_reading *r, const json_t *list)
{
    const uint32_t count = (uint32_t)json_array_size(list);
    struct dialogue_note *notes = ARENA_ARRAY(&r->out->arena, struct dialogue_note, count);
    for (uint32_t i = 0; i < count; i++) {
        const json_t *note = json_array_get(list, i);
        const char *text = text_read(r, note, "text");
        notes[i].text = text != NULL ? view_of(text) : VIEW("");
        notes[i].is_loss = bool_read(r, note, "loss");
    }
    r->out->recall.notes = notes;
    r->out->recall.note_count = count;
}

static void dialogue_read(struct call_reading *r, const json_t *object)
{
    struct dialogue_recall *recall = &r->out->recall;
    const json_t *services = json_object_get(object, "services");
    const json_t *notes = json_object_get(object, "notes");
    recall->asked = numbers_read(r, object, "asked", &recall->asked_count);
    recall->failed = numbers_read(r, object, "failed", &recall->failed_count);
    r->wrong = r->wrong || !json_is_array(services) || !json_is_array(notes) ||
               json_array_size(services) > UINT32_MAX || json_array_size(notes) > UINT32_MAX;
    if (!r->wrong) {
        services_read(r, services);
        notes_read(r, notes);
    }
}

static void chain_read(struct call_reading *r, const json_t *object)
{
    struct run_call_chain *chain = &r->out->chain;
    const json_t *sets = json_object_get(object, "sets");
    const size_t count = json_array_size(sets);
    if (json_is_null(object)) {
        return;
    }
    if (!json_is_array(sets) || count == 0 || count > CHAIN_STEPS_MAX) {
        r->wrong = true;
        return;
    }
    chain->sets = ARENA_ARRAY(&r->out->arena, const char *, count);
    for (size_t i = 0; i < count; i++) {
        chain->sets[i] = path_read(r, json_array_get(sets, i), "path");
    }
    chain->set_count = (uint32_t)count;
    chain->step = (uint32_t)number_read(r, json_object_get(object, "step"), count - 1);
    chain->strict = bool_read(r, object, "strict");
}

static void options_read(struct call_reading *r, const json_t *object)
{
    struct conduct_options *conduct = &r->out->conduct;
    conduct->bcd_out = path_read(r, object, "bcd_out");
    conduct->pending_registry = path_read(r, object, "registry");
    conduct->durability = (enum durability)choice_read(r, object, "durability", durabilities);
    conduct->stage.owner = (enum owner_policy)choice_read(r, object, "owner", owners);
    conduct->stage.cross_mounts = bool_read(r, object, "cross_mounts");
    conduct->stage.in_place = bool_read(r, object, "in_place");
    conduct->engine = (struct engine_options){
        .workers = (uint32_t)number_read(r, json_object_get(object, "workers"), UINT32_MAX),
        .queue_depth = (uint32_t)number_read(r, json_object_get(object, "queue_depth"), UINT32_MAX),
        .memory_bytes = number_read(r, json_object_get(object, "memory"), INT64_MAX),
        .ring = (enum ring_choice)choice_read(r, object, "ring", rings),
        .write_mode = (enum write_mode)choice_read(r, object, "write_mode", write_modes),
        .discard = bool_read(r, object, "discard"),
    };
    conduct->profile = bool_read(r, object, "profile");
    conduct->salvage = bool_read(r, object, "salvage");
    conduct->of_plan = bool_read(r, object, "of_plan");
    chain_read(r, json_object_get(object, "chain"));
    r->out->players = raw_read(r, object, "players");
    const char *keep = text_read(r, object, "keep");
    r->out->keep = keep != NULL ? view_of(keep) : VIEW_NONE;
}

vsr_code run_call_parse(struct run_call *out, struct view json, const char *path, vsr_error *error)
{
    struct call_reading r = {.out = out};
    json_error_t fail;
    *out = (struct run_call){0};
    json_t *object = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, &fail);
    if (json_is_object(object)) {
        options_read(&r, object);
        dialogue_read(&r, object);
    } else {
        r.wrong = true;
    }
    json_decref(object);
    return !r.wrong ? VSR_OK
                    : err_set(error, VSR_ERR_RUN_FOREIGN, "run/call",
                              "the journal in %s does not say how its run was called", path);
}

void run_call_free(struct run_call *call)
{
    arena_free(&call->arena);
    *call = (struct run_call){0};
}
