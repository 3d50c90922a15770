/* pending.c - what waits for the next boot, behind the public call. */
#include "api/objects.h"
#include "run/pending_apply.h"
#include "run/pending_render.h"

const char *pending_registry_of(const char *given)
{
    return given == NULL ? VSR_PENDING_REGISTRY : given[0] == '\0' ? NULL : given;
}

struct pending_call {
    const vsr_pending_options *options;
    vsr_format format;
    vsr_sink sink;
    void *context;
    vsr_code code; /* of the sink: the first, and then it is not called again */
    vsr_error *error;
};

static void warning_give(void *context, struct view sentence)
{
    const struct pending_call *call = context;
    if (call->options->on_warning != NULL) {
        struct buffer text = {0};
        buffer_add_view(&text, sentence);
        buffer_add_char(&text, '\0');
        call->options->on_warning(call->options->context, text.p);
        buffer_free(&text);
    }
}

static void step_give(void *context, const struct pending_step *step)
{
    struct pending_call *call = context;
    struct buffer line = {0};
    if (call->format == VSR_FORMAT_JSON) {
        pending_render_json(step, &line);
    } else {
        pending_render_text(step, &line);
    }
    if (call->code == VSR_OK) {
        call->code = sink_give(call->sink, call->context, buffer_view(&line), call->error);
    }
    buffer_free(&line);
}

static void totals_give(const struct pending_sums *sums, vsr_pending_totals *totals)
{
    *totals = (vsr_pending_totals){
        .folders = sums->folders,
        .records = sums->records,
        .done = sums->done,
        .failed = sums->failed,
        .waiting = sums->waiting,
        .units = sums->units,
        .units_done = sums->units_done,
        .units_failed = sums->units_failed,
        .exit_code = sums->exit_code,
    };
}

typedef void pending_action(const struct pending_paths *paths,
                            const struct pending_apply_options *options, struct pending_sums *sums);

static vsr_code pending_call(pending_action *action, const char *const *dirs, size_t dir_count,
                             struct pending_call *call, const vsr_pending_options *options,
                             vsr_pending_totals *totals, vsr_error *error)
{
    vsr_pending_options mine;
    struct arena arena = {0};
    struct pending_paths paths = {0};
    struct pending_sums sums = {0};
    vsr_code rc = options_take(&mine, sizeof mine, options, "vsr_pending_options", error);
    if (rc != VSR_OK) {
        return rc;
    }
    call->options = &mine;
    call->error = error;
    const struct pending_apply_options inner = {.registry = pending_registry_of(mine.registry),
                                                .cancel = mine.cancel,
                                                .message = warning_give,
                                                .on_step = step_give,
                                                .context = call};
    if (dir_count == 0 && inner.registry != NULL) {
        rc = pending_find_registered(&arena, inner.registry, &paths, error);
    }
    for (size_t i = 0; i < dir_count && rc == VSR_OK; i++) {
        rc = pending_find(&arena, dirs[i], &paths, error);
    }
    if (rc == VSR_OK) {
        action(&paths, &inner, &sums);
        totals_give(&sums, totals);
        rc = call->code;
    }
    pending_paths_free(&paths);
    arena_free(&arena);
    return rc;
}

vsr_code vsr_pending_list(const char *const *dirs, size_t dir_count,
                          const vsr_pending_options *options, vsr_format format, vsr_sink sink,
                          void *context, vsr_pending_totals *totals, vsr_error *error)
{
    struct pending_call call = {.format = format, .sink = sink, .context = context};
    return pending_call(pending_list, dirs, dir_count, &call, options, totals, error);
}

vsr_code vsr_pending_apply(const char *const *dirs, size_t dir_count,
                           const vsr_pending_options *options, vsr_format format, vsr_sink sink,
                           void *context, vsr_pending_totals *totals, vsr_error *error)
{
    struct pending_call call = {.format = format, .sink = sink, .context = context};
    return pending_call(pending_apply, dirs, dir_count, &call, options, totals, error);
}
