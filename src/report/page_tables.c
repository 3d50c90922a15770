/* page_tables.c - components, files that are not as planned, the largest and the slowest.
 *
 * A cell's data-value is what it is sorted by, its data-label what it is called where the screen is
 * narrow. What page.js does with them is its business. */
#include "report/page.h"

#include "report/figures.h"

/* A column that can be sorted by. */
static void heading(struct buffer *out, const char *title, bool is_number)
{
    buffer_printf(out, "<th%s><button type=\"button\">%s</button></th>",
                  is_number ? " class=\"n\"" : "", title);
}

static void number_cell(struct buffer *out, const char *label, uint64_t value, bool is_bytes)
{
    buffer_printf(out, "<td class=\"n\" data-label=\"%s\" data-value=\"%llu\">", label,
                  (unsigned long long)value);
    if (is_bytes) {
        figure_bytes(out, (double)value);
    } else {
        figure_count(out, value);
    }
    page_literal(out, "</td>");
}

static void table_count(struct buffer *out, uint64_t count, const char *what)
{
    struct buffer text = {0};
    figure_count(&text, count);
    buffer_printf(&text, " %s%s", what, count == 1 ? "" : "s");
    page_literal(out, "<span class=\"count\" data-all=\"");
    buffer_add_view(out, buffer_view(&text));
    page_literal(out, "\">");
    buffer_add_view(out, buffer_view(&text));
    page_literal(out, "</span>");
    buffer_free(&text);
}

/* --- components --- */

enum look {
    LOOK_WHOLE,
    LOOK_VERIFIED,
    LOOK_UNVERIFIED,
    LOOK_IN_PART,
    LOOK_NOT_CHOSEN,
    LOOK_NOT_RESTORED,
    LOOK_REFUSED,
    LOOK_DAMAGED,
    LOOK_UNKNOWN,
    LOOK_COUNT
};

static const struct {
    const char *word, *tone;
} looks[LOOK_COUNT] = {
    [LOOK_WHOLE] = {"Whole", "good"},
    [LOOK_VERIFIED] = {"Verified", "good"},
    [LOOK_UNVERIFIED] = {"Not verified", "bad"},
    [LOOK_IN_PART] = {"In part", "warn"}, /* of --file: what was chosen of it, or nothing was */
    [LOOK_NOT_CHOSEN] = {"Not chosen", ""},
    [LOOK_NOT_RESTORED] = {"Not restored", "bad"},
    [LOOK_REFUSED] = {"Refused", "bad"},
    [LOOK_DAMAGED] = {"Damaged", "bad"},
    [LOOK_UNKNOWN] = {"Not known", "warn"},
};

static enum look look_of(const struct page *page, const struct page_unit *unit)
{
    if (view_equal(unit->status, VIEW("ALL"))) {
        return LOOK_WHOLE;
    }
    if (view_equal(unit->status, VIEW("FAILED"))) {
        return LOOK_DAMAGED;
    }
    if (!view_present(unit->status)) {
        return LOOK_UNKNOWN;
    }
    if (view_present(unit->error)) {
        return LOOK_REFUSED;
    }
    if (page->discarded) {
        return unit->whole_files == unit->files ? LOOK_VERIFIED : LOOK_UNVERIFIED;
    }
    if (!unit->whole) {
        return LOOK_NOT_RESTORED;
    }
    return unit->files > 0 ? LOOK_IN_PART : LOOK_NOT_CHOSEN;
}

static struct view reason_of(const struct page_unit *unit)
{
    return view_present(unit->error) ? unit->error : unit->cause;
}

/* Has any of them something to say for itself? */
static bool has_reasons(const struct page *page)
{
    for (uint32_t i = 0; i < page->unit_count; i++) {
        if (reason_of(&page->units[i]).n + page->units[i].detail.n > 0) {
            return true;
        }
    }
    return false;
}

static void render_reason(struct buffer *out, const struct page_unit *unit)
{
    const struct view name = reason_of(unit);
    page_literal(out, name.n + unit->detail.n > 0 ? "<td class=\"why\" data-label=\"Why\"><span>"
                                                  : "<td class=\"why\"><span>");
    if (view_present(unit->error)) {
        page_literal(out, "<code>");
        page_text(out, name);
        page_literal(out, "</code> ");
    } else if (name.n > 0) {
        page_text(out, name);
        page_literal(out, unit->detail.n > 0 ? ": " : "");
    }
    page_text(out, unit->detail);
    page_literal(out, "</span></td>");
}

static void data_cell(struct buffer *out, const struct page_unit *unit)
{
    buffer_printf(out, "<td class=\"n\" data-label=\"Data\" data-value=\"%llu\">",
                  (unsigned long long)unit->bytes);
    figure_bytes(out, (double)unit->bytes);
    if (unit->staged_bytes > 0) {
        page_literal(out, "<small>");
        if (unit->staged_bytes < unit->bytes) {
            figure_bytes(out, (double)unit->staged_bytes);
            page_literal(out, " of it ");
        }
        page_literal(out, "staged only</small>");
    }
    page_literal(out, "</td>");
}

static void render_unit(struct buffer *out, const struct page *page, uint32_t number,
                        bool with_reason)
{
    const struct page_unit *unit = &page->units[number];
    const enum look look = look_of(page, unit);
    buffer_printf(out, "<tr data-kind=\"%s\"><td class=\"name\">", looks[look].word);
    page_unit_name(out, page, number);
    page_literal(out, "<small>");
    page_text(out, unit->writer);
    buffer_printf(out,
                  "</small></td><td data-label=\"Status\"><span class=\"pill %s\">%s</span></td>",
                  looks[look].tone, looks[look].word);
    number_cell(out, "Files", unit->files, false);
    data_cell(out, unit);
    page_literal(out, "<td data-label=\"Place\">");
    page_text(out, unit->verdict);
    page_literal(out, "</td><td data-label=\"Rule\">");
    page_text(out, unit->rule);
    page_literal(out, "</td>");
    if (with_reason) {
        render_reason(out, unit);
    }
    page_literal(out, "</tr>\n");
}

/* Those that there are. */
static void render_looks(struct buffer *out, const struct page *page)
{
    bool seen[LOOK_COUNT] = {false};
    for (uint32_t i = 0; i < page->unit_count; i++) {
        seen[look_of(page, &page->units[i])] = true;
    }
    page_literal(out, "<select aria-label=\"Status\"><option value=\"\">Every status</option>");
    for (size_t i = 0; i < LOOK_COUNT; i++) {
        if (seen[i]) {
            buffer_printf(out, "<option>%s</option>", looks[i].word);
        }
    }
    page_literal(out, "</select>");
}

void page_render_units(struct buffer *out, const struct page *page)
{
    const bool with_reason = has_reasons(page);
    page_literal(out, "<section class=\"card\" data-table><div class=\"head\"><h2>Components</h2>");
    table_count(out, page->unit_count, "component");
    page_literal(out, "<div class=\"tools\" hidden>");
    render_looks(out, page);
    page_literal(out, "<input type=\"search\" placeholder=\"Find a component\" "
                      "aria-label=\"Find a component\"></div></div>\n<table><thead><tr>");
    heading(out, "Component", false);
    heading(out, "Status", false);
    heading(out, "Files", true);
    heading(out, "Data", true);
    heading(out, "Place", false);
    heading(out, "Rule", false);
    if (with_reason) {
        heading(out, "Why", false);
    }
    page_literal(out, "</tr></thead><tbody>\n");
    for (uint32_t i = 0; i < page->unit_count; i++) {
        render_unit(out, page, i, with_reason);
    }
    page_literal(out,
                 "</tbody></table><p class=\"empty\" hidden>No component fits.</p></section>\n");
}

/* --- files --- */

static void render_outcomes(struct buffer *out, const struct page *page, bool followed)
{
    page_literal(out, "<select aria-label=\"Outcome\"><option value=\"\">Every outcome</option>");
    for (uint32_t i = 0; i < page->file_count; i++) {
        bool seen = page->files[i].followed != followed;
        for (uint32_t k = 0; k < i && !seen; k++) {
            seen = page->files[k].followed == followed &&
                   view_equal(page->files[k].outcome, page->files[i].outcome);
        }
        if (!seen) {
            page_literal(out, "<option>");
            page_text(out, page->files[i].outcome);
            page_literal(out, "</option>");
        }
    }
    page_literal(out, "</select>");
}

static void render_file(struct buffer *out, const struct page *page, const struct page_file *file)
{
    const bool is_bad = file->is_cause;
    page_literal(out, "<tr data-kind=\"");
    page_text(out, file->outcome);
    page_literal(out, "\"><td class=\"name\"><span class=\"path\">");
    page_text(out, file->source);
    page_literal(out, "</span><small>");
    page_unit_name(out, page, file->unit);
    buffer_printf(out, "</small></td><td data-label=\"Outcome\"><span class=\"pill %s\">",
                  is_bad                                        ? "bad"
                  : view_equal(file->outcome, VIEW("RESTORED")) ? "warn"
                                                                : "");
    page_text(out, file->outcome);
    page_literal(out, file->why.n > 0 ? "</span></td><td class=\"why\" data-label=\"Why\">"
                                      : "</span></td><td class=\"why\">");
    page_text(out, file->why);
    page_literal(out, "</td>");
    number_cell(out, "Size", file->bytes, true);
    page_literal(out, "</tr>\n");
}

static void render_files_tools(struct buffer *out, const struct page *page, bool followed)
{
    page_literal(out, "<div class=\"tools\" hidden>");
    render_outcomes(out, page, followed);
    page_literal(out, "<input type=\"search\" placeholder=\"Find a file\" aria-label=\"Find a "
                      "file\"></div>");
}

/* Those that followed, or the others: shown of all. */
static void render_files_table(struct buffer *out, const struct page *page, bool followed,
                               uint32_t shown, uint64_t all)
{
    page_literal(out, shown > PAGE_ROWS_SEEN_MAX ? "<div class=\"tall\" tabindex=\"0\">" : "<div>");
    page_literal(out, "<table><thead><tr>");
    heading(out, "File", false);
    heading(out, "Outcome", false);
    heading(out, "Why", false);
    heading(out, "Size", true);
    page_literal(out, "</tr></thead><tbody>\n");
    for (uint32_t i = 0; i < page->file_count; i++) {
        if (page->files[i].followed == followed) {
            render_file(out, page, &page->files[i]);
        }
    }
    page_literal(out, "</tbody></table></div><p class=\"empty\" hidden>No file fits.</p>");
    if (all > shown) {
        page_literal(out, "<p class=\"note\">The first of ");
        figure_count(out, all);
        page_literal(out, followed ? "; report.jsonl has all.</p>"
                                   : "; those that failed come before those of which something "
                                     "was lost. report.jsonl has all.</p>");
    }
}

/* What failed, and what was lost, stands open; what merely followed can be many: it is folded. */
void page_render_files(struct buffer *out, const struct page *page)
{
    uint32_t followed = 0;
    for (uint32_t i = 0; i < page->file_count; i++) {
        followed += page->files[i].followed;
    }
    const uint32_t others = page->file_count - followed;
    if (page->odd_files > 0) {
        page_literal(out,
                     "<section class=\"card\" data-table><div class=\"head\"><h2>Files that are "
                     "not as planned</h2>");
        table_count(out, others, "file");
        render_files_tools(out, page, false);
        page_literal(out, "</div>\n");
        render_files_table(out, page, false, others, page->odd_files);
        page_literal(out, "</section>\n");
    }
    if (page->followed_files > 0) {
        buffer_printf(
            out,
            "<section class=\"card\" data-table><details%s><summary class=\"head\"><h2>Not "
            "restored, without a fault of their own</h2>",
            followed <= PAGE_UNFOLDED_MAX ? " open" : "");
        table_count(out, followed, "file");
        page_literal(out, "</summary><div class=\"head\">");
        render_files_tools(out, page, true);
        page_literal(out, "</div>\n");
        render_files_table(out, page, true, followed, page->followed_files);
        page_literal(out, "</details></section>\n");
    }
}

/* --- the largest and the slowest --- */

static void render_top(struct buffer *out, const struct page *page, const char *title,
                       const struct page_top *files, uint32_t count, bool has_time)
{
    buffer_printf(out, "<section class=\"card\" data-table><div class=\"head\"><h2>%s</h2></div>\n",
                  title);
    if (count == 0) {
        page_literal(out, has_time
                              ? "<p class=\"empty\">No file took 10 ms or more.</p></section>\n"
                              : "<p class=\"empty\">There are none.</p></section>\n");
        return;
    }
    page_literal(out, "<table><thead><tr>");
    heading(out, "File", false);
    if (has_time) {
        heading(out, "Time", true);
    }
    heading(out, "Size", true);
    page_literal(out, "</tr></thead><tbody>\n");
    for (uint32_t i = 0; i < count; i++) {
        page_literal(out, "<tr><td class=\"name\"><span class=\"path\">");
        page_text(out, files[i].source);
        page_literal(out, "</span><small>");
        page_unit_name(out, page, files[i].unit);
        page_literal(out, files[i].is_staged ? ", staged only, not restored</small></td>"
                                             : "</small></td>");
        if (has_time) {
            buffer_printf(out, "<td class=\"n\" data-label=\"Time\" data-value=\"%llu\">",
                          (unsigned long long)files[i].ms);
            figure_duration(out, files[i].ms * 1000000);
            page_literal(out, "</td>");
        }
        number_cell(out, "Size", files[i].bytes, true);
        page_literal(out, "</tr>\n");
    }
    page_literal(out, "</tbody></table></section>\n");
}

void page_render_tops(struct buffer *out, const struct page *page)
{
    page_literal(out, "<div class=\"pair\">\n");
    render_top(out, page, "Slowest files", page->slowest, page->slowest_count, true);
    render_top(out, page, "Largest files", page->largest, page->largest_count, false);
    page_literal(out, "</div>\n");
}
