/* plan_render.c - the plan as a table. The JSON lines are plan_jsonl.c's. */
#include "plan/plan_render.h"

static void unit_line(const struct plan *plan, uint32_t number, struct buffer *out)
{
    const struct plan_unit *unit = &plan->units[number];
    const struct view path = plan_text(plan, unit->logical_path);
    buffer_printf(out, "  %-17s %9u files %14llu bytes  %-28.*s %-7.*s ",
                  plan_verdict_text((enum plan_verdict)unit->verdict), unit->file_count,
                  (unsigned long long)unit->bytes, VIEW_ARG(plan_text(plan, unit->method_text)),
                  VIEW_ARG(plan_text(plan, unit->rule)));
    if (unit->writer == UINT32_MAX) {
        buffer_printf(out, "files of no component\n");
    } else {
        buffer_printf(out, "%.*s: %.*s%s%.*s\n", VIEW_ARG(plan_text(plan, unit->writer_name)),
                      VIEW_ARG(path), path.n > 0 ? "\\" : "",
                      VIEW_ARG(plan_text(plan, unit->component)));
    }
    if (unit->refusal != REFUSAL_NONE) {
        buffer_printf(out, "    %s: ", refusal_text((enum refusal)unit->refusal));
        buffer_add_told(out, plan_text(plan, unit->detail));
        buffer_add_char(out, '\n');
    }
}

bool plan_to_do_is_first(const struct plan *plan, uint32_t to_do)
{
    const struct plan_unit *unit = &plan->units[plan->to_dos[to_do].unit];
    for (uint32_t i = to_do; i-- > 0;) { /* a writer's units stand in a row */
        const struct plan_unit *other = &plan->units[plan->to_dos[i].unit];
        if (other->writer != unit->writer) {
            return true;
        }
        if (view_equal(plan_text(plan, plan->to_dos[i].text),
                       plan_text(plan, plan->to_dos[to_do].text))) {
            return false;
        }
    }
    return true;
}

void plan_render_text(const struct plan *plan, struct buffer *out)
{
    buffer_printf(out, "plan: %u units (%u refused), %u files, %llu bytes\n", plan->unit_count,
                  plan->refused_units, plan->file_count, (unsigned long long)plan->bytes);
    for (uint32_t i = 0; i < plan->root_count; i++) {
        buffer_printf(out, "  volume %.*s -> %.*s\n",
                      VIEW_ARG(plan_text(plan, plan->roots[i].spec)),
                      VIEW_ARG(plan_text(plan, plan->roots[i].dir)));
    }
    for (uint32_t i = 0; i < plan->unit_count; i++) {
        unit_line(plan, i, out);
    }
    for (uint32_t i = 0; i < plan->warning_count; i++) {
        buffer_printf(out, "  warning: ");
        buffer_add_told(out, plan_text(plan, plan->warnings[i]));
        buffer_add_char(out, '\n');
    }
    for (uint32_t i = 0; i < plan->to_do_count; i++) {
        if (!plan_to_do_is_first(plan, i)) {
            continue;
        }
        const struct plan_unit *unit = &plan->units[plan->to_dos[i].unit];
        buffer_printf(out, "  to do: %.*s: %.*s\n", VIEW_ARG(plan_text(plan, unit->writer_name)),
                      VIEW_ARG(plan_text(plan, plan->to_dos[i].text)));
    }
}
