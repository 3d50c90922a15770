/* page.c - the page from top to bottom: verdict, figures, what to do, and the order of the rest.
 * Tables are page_tables.c's, charts page_charts.c's. */
#include "report/page.h"

#include "base/err.h"
#include "base/show.h"
#include "report/figures.h"

void page_literal(struct buffer *out, const char *markup)
{
    buffer_add_view(out, view_of(markup));
}

void page_text(struct buffer *out, struct view text)
{
    struct buffer shown = {0};
    show_add(&shown, text);
    for (size_t i = 0; i < shown.n; i++) {
        switch (shown.p[i]) {
        case '&':
            page_literal(out, "&amp;");
            break;
        case '<':
            page_literal(out, "&lt;");
            break;
        case '>':
            page_literal(out, "&gt;");
            break;
        case '"':
            page_literal(out, "&quot;");
            break;
        case '\'':
            page_literal(out, "&#39;");
            break;
        default:
            buffer_add_char(out, shown.p[i]);
        }
    }
    buffer_free(&shown);
}

void page_unit_name(struct buffer *out, const struct page *page, uint32_t unit)
{
    if (unit < page->unit_count && view_present(page->units[unit].name)) {
        page_text(out, page->units[unit].name);
    } else {
        page_literal(out, "files of no component");
    }
}

/* --- verdict --- */

enum tone { TONE_GOOD, TONE_WARN, TONE_BAD };

static enum tone tone_of(const struct page *page)
{
    if (!page->ended) {
        return page->running ? TONE_WARN : TONE_BAD;
    }
    if (page->discarded) {
        return page->exit_code == 3 ? TONE_GOOD : TONE_BAD; /* 3: as asked, nothing is restored */
    }
    return page->exit_code == 0                           ? TONE_GOOD
           : page->exit_code == 1 || page->exit_code == 5 ? TONE_WARN
                                                          : TONE_BAD;
}

static const char *headline_of(const struct page *page)
{
    if (!page->ended) {
        return page->running ? "The run goes on" : "The run was interrupted";
    }
    if (page->discarded) {
        return page->exit_code == 3 ? "Everything was verified, nothing was written"
                                    : "Not everything could be verified";
    }
    if (page->exit_code > 128) {
        return "The run was stopped before its end";
    }
    if (page->units_failed > 0) {
        return "A component is damaged at its place";
    }
    if (page->units_none > 0 && page->units_all == 0 && page->exit_code > 1) {
        return "Nothing was restored";
    }
    if (page->units_none > 0 && page->exit_code > 1) {
        return "Not everything was restored";
    }
    return page->pending_reboot   ? "Restored, and waiting for a reboot"
           : page->units_none > 0 ? "The chosen files were restored"
           : page->exit_code == 1 ? "Everything was restored, with losses"
           : page->exit_code == 0 ? "Everything was restored"
                                  : "The run did not end as it should";
}

static void count_of(struct buffer *out, uint64_t count, const char *what)
{
    figure_count(out, count);
    buffer_printf(out, " %s%s", what, count == 1 ? "" : "s");
}

static void render_exit_code(struct buffer *out, int code)
{
    buffer_printf(out, " Exit code %d", code);
    if (code > 128) {
        buffer_printf(out, ": ended by signal %d", code - 128);
    } else if (code >= 10) {
        buffer_printf(out, ": %s", vsr_code_text((vsr_code)-code));
    }
    buffer_add_char(out, '.');
}

static void render_verdict_words(struct buffer *out, const struct page *page)
{
    if (page->running) {
        page_literal(out,
                     "It has not ended yet: what became of its components is told when it has.");
        return;
    }
    if (!page->ended) {
        page_literal(out, "There is no summary: the program or the machine was ended. No file is "
                          "half-written under its final name; a component may be there in part "
                          "until the run is resumed.");
        return;
    }
    count_of(out, page->units_all, "component");
    page_literal(out, page->units_all == 1 ? " is whole" : " are whole");
    if (page->units_none > 0) {
        page_literal(out, ", ");
        figure_count(out, page->units_none);
        page_literal(out, page->units_none == 1 ? " was not restored" : " were not restored");
    }
    if (page->units_failed > 0) {
        page_literal(out, ", ");
        figure_count(out, page->units_failed);
        page_literal(out, page->units_failed == 1 ? " is damaged" : " are damaged");
    }
    page_literal(out, ".");
    if (page->losses > 0) {
        page_literal(out, " ");
        count_of(out, page->losses, "piece");
        page_literal(out, " of metadata that the media hold could not be put back.");
    }
    render_exit_code(out, page->exit_code);
}

static void render_verdict(struct buffer *out, const struct page *page)
{
    static const char *const classes[] = {"good", "warn", "bad"};
    static const char *const marks[] = {"<path d=\"M5 12.5l4.5 4.5L19 7.5\"/>",
                                        "<path d=\"M12 6v7M12 17.5v.01\"/>",
                                        "<path d=\"M7 7l10 10M17 7L7 17\"/>"};
    const enum tone tone = tone_of(page);
    buffer_printf(out,
                  "<div class=\"card verdict %s\"><div class=\"mark\"><svg viewBox=\"0 0 24 24\" "
                  "aria-hidden=\"true\">%s</svg></div><h1>%s</h1><p>",
                  classes[tone], marks[tone], headline_of(page));
    render_verdict_words(out, page);
    page_literal(out, "</p></div>\n");
}

/* --- figures --- */

static void figure_begin(struct buffer *out, const char *title)
{
    buffer_printf(out, "<div><dt>%s</dt><dd>", title);
}

static void render_figures(struct buffer *out, const struct page *page)
{
    const uint64_t files = page->discarded ? page->verified : page->restored;
    const double seconds = (double)page->elapsed_ns / 1e9;
    page_literal(out, "<dl class=\"figures\">");
    figure_begin(out, page->discarded ? "Files verified" : "Files restored");
    figure_count(out, files);
    page_literal(out, "<small>of ");
    figure_count(out, page->planned_files);
    page_literal(out, " planned</small></dd></div>");
    figure_begin(out, "Data");
    figure_bytes(out, (double)page->bytes);
    page_literal(out, "<small>of ");
    figure_bytes(out, (double)page->planned_bytes);
    page_literal(out, "</small></dd></div>");
    figure_begin(out, "Time");
    figure_duration(out, page->elapsed_ns);
    page_literal(out, "<small>");
    buffer_printf(out, "%u worker%s</small></dd></div>", page->worker_count,
                  page->worker_count == 1 ? "" : "s");
    figure_begin(out, "Rate");
    if (seconds > 0) {
        figure_bytes(out, (double)page->bytes / seconds);
        page_literal(out, "/s<small>");
        figure_count(out, (uint64_t)((double)files / seconds));
        page_literal(out, " files/s</small></dd></div></dl>\n");
    } else {
        page_literal(out, "-</dd></div></dl>\n");
    }
}

/* --- what to do --- */

static void to_do_command(struct buffer *out, const char *before, const char *words,
                          struct view folder)
{
    buffer_printf(out, "<li>%s <code>vssrestore %s ", before, words);
    page_text(out, folder);
    page_literal(out, "</code></li>");
}

/* By the program, if it can find the set. */
static void to_do_resume(struct buffer *out, const char *before, const struct page *page)
{
    if (page->set_path.n > 0) {
        to_do_command(out, before, "resume", page->run_dir);
    } else {
        buffer_printf(out, "<li>%s by what began it, which alone can read the set.</li>", before);
    }
}

/* The media are damaged, or cannot be read. */
static void to_do_media(struct buffer *out, const struct page *page)
{
    if (page->own_media) {
        page_literal(out, "<li>Mend the stored files that were hit, or take them from another "
                          "copy, and run the plan again.</li>");
        return;
    }
    if (page->set_path.n > 0) {
        to_do_command(out, "List everything that is damaged on the media:", "verify",
                      page->set_path);
    }
    if (!page->discarded) {
        page_literal(out, "<li>Restore the components that were hit from another copy of the "
                          "set.</li>");
    }
}

/* Is there a component that something else than the run's cause was in the way of? */
static bool has_obstacles(const struct page *page)
{
    for (uint32_t i = 0; i < page->unit_count; i++) {
        const struct page_unit *unit = &page->units[i];
        if (view_equal(unit->status, VIEW("FAILED")) ||
            (view_equal(unit->status, VIEW("NONE")) && view_present(unit->error))) {
            return true;
        }
    }
    return false;
}

static void render_causes(struct buffer *out, const struct page *page)
{
    const int code = page->exit_code;
    if (page->running) {
        buffer_printf(out, "<li>Ask how far it is: <code>vssrestore ctl ");
        page_text(out, page->run_dir);
        page_literal(out, " status</code></li>");
        return;
    }
    if (!page->ended) {
        to_do_resume(out, "Go on with the run:", page);
        return;
    }
    if (page->pending_reboot) {
        to_do_command(out, "Staged files go to their places at the next boot, or by",
                      "pending apply", page->run_dir);
    }
    if (code == 30) {
        page_literal(out, "<li>Make room at the destination.</li>");
    }
    if (!page->discarded && (code == 30 || code > 128)) {
        to_do_resume(out, "Go on with the run, and end it:", page);
    }
    if (code == 20 || code == 21) {
        to_do_media(out, page);
    }
    if (code == 31) {
        page_literal(out, "<li>Run as a user who may write at the destination.</li>");
    }
    if (code == 32) {
        page_literal(out,
                     "<li>Find out why the destination failed (the system's log tells of disks "
                     "and mounts), and restore the components that were hit again.</li>");
    }
    if (!page->discarded && code > 1 && code < 128 && has_obstacles(page)) {
        page_literal(out, "<li>Look at the components that are refused or damaged, below: each "
                          "tells what is in its way.</li>");
    }
}

static void render_to_do(struct buffer *out, const struct page *page)
{
    struct buffer list = {0};
    render_causes(&list, page);
    for (uint32_t i = 0; i < page->action_count; i++) {
        page_literal(&list, "<li>");
        page_text(&list, page->actions[i]);
        page_literal(&list, "</li>");
    }
    if (list.n > 0) {
        page_literal(out, "<section class=\"card todo\"><h2>What to do now</h2><ol>");
        buffer_add_view(out, buffer_view(&list));
        page_literal(out, "</ol></section>\n");
    }
    buffer_free(&list);
}

/* --- facts --- */

static void fact(struct buffer *out, const char *title, struct view text)
{
    buffer_printf(out, "<dt>%s</dt><dd>", title);
    page_text(out, text);
    page_literal(out, "</dd>");
}

static void fact_list(struct buffer *out, const char *title, const struct view *texts,
                      uint32_t count)
{
    if (count == 0) {
        return;
    }
    buffer_printf(out, "<dt>%s</dt><dd>", title);
    for (uint32_t i = 0; i < count; i++) {
        page_literal(out, "<span>");
        page_text(out, texts[i]);
        page_literal(out, "</span>");
    }
    page_literal(out, "</dd>");
}

static void render_planned(struct buffer *out, const struct page *page)
{
    page_literal(out, "<dt>Planned</dt><dd>");
    count_of(out, page->planned_files, "file");
    page_literal(out, ", ");
    figure_bytes(out, (double)page->planned_bytes);
    page_literal(out, "</dd>");
}

static void render_facts(struct buffer *out, const struct page *page)
{
    page_literal(
        out,
        "<section class=\"card\"><div class=\"head\"><h2>This run</h2></div><dl class=\"facts\">");
    fact(out, "Run", page->run);
    fact(out, "Run folder", page->run_dir);
    if (!page->own_media) {
        fact(out, "Backup set", page->set);
    }
    if (page->set_path.n > 0) {
        fact(out, page->own_media ? "Plan" : "Set folder", page->set_path);
    }
    render_planned(out, page);
    fact_list(out, "Volumes", page->places, page->place_count);
    fact_list(out, "Notes", page->notes, page->note_count);
    page_literal(out, "</dl></section>\n");
}

void page_render(const struct page *page, struct buffer *out)
{
    page_literal(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta http-equiv=\"Content-Security-Policy\" content=\"");
    page_literal(out, page_policy);
    page_literal(out,
                 "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                 "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    page_literal(out, headline_of(page));
    page_literal(out, " - vssrestore</title>\n<style>");
    page_literal(out, page_style);
    page_literal(out,
                 "</style>\n</head>\n<body>\n<main>\n<div class=\"over\"><b>vssrestore report</b>"
                 "<span>run ");
    page_text(out, page->run);
    page_literal(out, "</span></div>\n");
    render_verdict(out, page);
    if (page->ended) {
        render_figures(out, page);
    }
    render_to_do(out, page);
    if (page->ended) {
        page_render_units(out, page);
        page_render_files(out, page);
        page_render_charts(out, page);
        page_render_phases(out, page);
        page_render_tops(out, page);
    }
    render_facts(out, page);
    page_literal(out, "<footer>Made by vssrestore ");
    page_text(out, page->version);
    page_literal(
        out, ". The row of every planned file stands in report.jsonl of the run folder.</footer>\n"
             "</main>\n<script>");
    page_literal(out, page_script);
    page_literal(out, "</script>\n</body>\n</html>\n");
}
