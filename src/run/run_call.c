/* run_call.c - options and dialogue into one JSON object; run_call_read.c reads it back. */
#include "run/run_call.h"

#include "base/json.h"
#include "plan/chain.h"
#include "run/run_call_words.h"

#include <string.h>
#include <unistd.h>

/* A path as it is called from anywhere. */
static void path_render(struct json *json, const char *key, const char *path)
{
    char here[4096];
    struct buffer text = {0};
    if (path != NULL && path[0] != '/' && path[0] != '\0' && getcwd(here, sizeof here) != NULL) {
        buffer_printf(&text, "%s/", here);
    }
    if (path != NULL) {
        buffer_add_view(&text, view_of(path));
    }
    json_path(json, key, path == NULL ? VIEW_NONE : buffer_view(&text));
    buffer_free(&text);
}

/* The chain's sets, or null; of one that is in no folder, null. */
static void chain_render(struct json *json, const struct conduct_options *options)
{
    const struct chain *chain = options->chain;
    if (chain == NULL) {
        json_null(json, "chain");
        return;
    }
    json_object_begin(json, "chain");
    json_array_begin(json, "sets");
    for (uint32_t i = 0; i < chain->step_count; i++) {
        json_object_begin(json, NULL);
        path_render(json, "path", chain->steps[i].in_folder ? chain->steps[i].name.p : NULL);
        json_object_end(json);
    }
    json_array_end(json);
    json_u64(json, "step", options->chain_step);
    json_bool(json, "strict", chain->strict);
    json_object_end(json);
}

static void dialogue_render(struct json *json, const struct dialogue *dialogue)
{
    const uint32_t writers = dialogue->options.documents->bcd.writer_count;
    json_array_begin(json, "asked");
    for (uint32_t w = 0; w < writers; w++) {
        if (dialogue->writers[w].asked) {
            json_u64(json, NULL, w);
        }
    }
    json_array_end(json);
    json_array_begin(json, "failed");
    for (uint32_t w = 0; w < writers; w++) {
        if (dialogue->writers[w].failed) {
            json_u64(json, NULL, w);
        }
    }
    json_array_end(json);
    json_array_begin(json, "services");
    for (uint32_t i = 0; i < dialogue->service_count; i++) {
        json_object_begin(json, NULL);
        json_text(json, "name", dialogue->services[i].name);
        json_bool(json, "stopped", dialogue->services[i].stopped);
        json_object_end(json);
    }
    json_array_end(json);
    json_array_begin(json, "notes");
    for (size_t i = 0; i < dialogue->note_count; i++) {
        json_object_begin(json, NULL);
        json_text(json, "text", dialogue->notes[i].text);
        json_bool(json, "loss", dialogue->notes[i].is_loss);
        json_object_end(json);
    }
    json_array_end(json);
}

void run_call_render(const struct conduct_options *options, const struct dialogue *dialogue,
                     struct buffer *out)
{
    struct json json = json_into(out);
    json_object_begin(&json, NULL);
    path_render(&json, "bcd_out", options->bcd_out);
    path_render(&json, "registry", options->pending_registry);
    json_text(&json, "durability", view_of(durabilities[options->durability]));
    json_text(&json, "owner", view_of(owners[options->stage.owner]));
    json_bool(&json, "cross_mounts", options->stage.cross_mounts);
    json_bool(&json, "in_place", options->stage.in_place);
    json_u64(&json, "workers", options->engine.workers);
    json_u64(&json, "queue_depth", options->engine.queue_depth);
    json_u64(&json, "memory", options->engine.memory_bytes);
    json_text(&json, "ring", view_of(rings[options->engine.ring]));
    json_text(&json, "write_mode", view_of(write_modes[options->engine.write_mode]));
    json_bool(&json, "discard", options->engine.discard);
    json_bool(&json, "profile", options->profile);
    json_bool(&json, "salvage", options->salvage);
    dialogue_render(&json, dialogue);
    json_bool(&json, "of_plan", options->of_plan);
    chain_render(&json, options);
    json_raw(&json, "players", options->players);
    json_text(&json, "keep", options->keep);
    json_object_end(&json);
}
