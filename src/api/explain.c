/* explain.c - an explanation behind the public handles. */
#include "plan/explain.h"
#include "api/objects.h"

struct explain_use {
    const char *path;
    struct explanation explanation;
};

static vsr_code use_explain(void *context, const struct plan_input *input, vsr_error *error)
{
    struct explain_use *use = context;
    return plan_explain(&use->explanation, input, view_of(use->path), error);
}

static vsr_code explanation_give(const struct explanation *explanation, vsr_format format,
                                 vsr_sink sink, void *context, vsr_error *error)
{
    struct buffer text = {0};
    if (format == VSR_FORMAT_JSON) {
        explain_render_json(explanation, &text);
    } else {
        explain_render_text(explanation, &text);
    }
    const vsr_code rc = sink_give(sink, context, buffer_view(&text), error);
    buffer_free(&text);
    return rc;
}

vsr_code vsr_explain(const vsr_set *set, const vsr_choices *choices, const char *path,
                     vsr_format format, vsr_sink sink, void *context, int *on_media,
                     vsr_error *error)
{
    struct arena arena = {0};
    struct plan_choices inner;
    struct plan_step step;
    struct explain_use use = {.path = path};
    vsr_code rc = choices_take_all(&arena, choices, set, &inner, &step, error);
    if (rc == VSR_OK) {
        rc = plan_ask(&set->media, &set->documents, &inner, &step, use_explain, &use, error);
    }
    if (rc == VSR_OK) {
        rc = explanation_give(&use.explanation, format, sink, context, error);
        if (on_media != NULL) {
            *on_media = use.explanation.entry != MARK_NONE;
        }
    }
    explain_free(&use.explanation);
    arena_free(&arena);
    return rc;
}
