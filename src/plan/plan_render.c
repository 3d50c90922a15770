/* plan_render.c - the plan as a table. The JSON lines are plan_jsonl.c's. */
#include "plan/plan_render.h"

#include "base/show.h"

static void unit_name(const struct plan *plan, const struct plan_unit *unit, struct buffer *out)
{
    const struct view path = plan_text(plan, unit->logical_path);
    if (unit->writer == UINT32_MAX) {
        show_printf(out, "files of no component");
    } else {
        show_printf(out, "%.*s: %.*s%s%.*s", VIEW_ARG(plan_text(plan, unit->writer_name)),
                    VIEW_ARG(path), path.n > 0 ? "\\" : "",
                    VIEW_ARG(plan_text(plan, unit->component)));
    }
}

static void unit_row(const struct plan *plan, uint32_t number, struct buffer *out)
{
    const struct plan_unit *unit = &plan->units[number];
    show_printf(out, "  %9u %15llu  %-17s  %-35.*s  %-11.*s  ", unit->file_count,
                (unsigned long long)unit->bytes,
                plan_verdict_text((enum plan_verdict)unit->verdict),
                VIEW_ARG(plan_text(plan, unit->method_text)),
                VIEW_ARG(plan_text(plan, unit->rule)));
    unit_name(plan, unit, out);
    buffer_add_char(out, '\n');
    if (unit->refusal != REFUSAL_NONE) {
        show_printf(out, "%29s%s: %.*s\n", "", refusal_text((enum refusal)unit->refusal),
                    VIEW_ARG(plan_text(plan, unit->detail)));
    }
}

/* One row for each unit: how much, where to, how, under which rule. */
static void units_table(const struct plan *plan, struct buffer *out)
{
    show_printf(out, "\n  %9s %15s  %-17s  %-35s  %-11s  %s\n", "files", "bytes", "where", "how",
                "rule", "component");
    for (uint32_t i = 0; i < plan->unit_count; i++) {
        unit_row(plan, i, out);
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
    show_printf(out, "plan: %u units (%u refused), %u files, %llu bytes\n", plan->unit_count,
                plan->refused_units, plan->file_count, (unsigned long long)plan->bytes);
    for (uint32_t i = 0; i < plan->root_count; i++) {
        show_printf(out, "  volume %.*s -> %.*s\n", VIEW_ARG(plan_text(plan, plan->roots[i].spec)),
                    VIEW_ARG(plan_text(plan, plan->roots[i].dir)));
    }
    for (uint32_t i = 0; i < plan->warning_count; i++) {
        show_printf(out, "  warning: %.*s\n", VIEW_ARG(plan_text(plan, plan->warnings[i])));
    }
    for (uint32_t i = 0; i < plan->to_do_count; i++) {
        if (!plan_to_do_is_first(plan, i)) {
            continue;
        }
        const struct plan_unit *unit = &plan->units[plan->to_dos[i].unit];
        show_printf(out, "  to do: %.*s: %.*s\n", VIEW_ARG(plan_text(plan, unit->writer_name)),
                    VIEW_ARG(plan_text(plan, plan->to_dos[i].text)));
    }
    units_table(plan, out);
}
