/* page_charts.c - the rate over time, and where the time went, as SVG with words beside it. */
#include "report/page.h"

#include "report/figures.h"

#include <stdlib.h>

enum { STEPS_MAX = 150, PLOT_WIDTH = 1000, PLOT_HEIGHT = 100, GRID_LINES = 4 };

struct curve { /* a rate for each step of equal length */
    double rates[STEPS_MAX];
    uint32_t count;
    double top; /* of the axis */
    uint64_t end_ms;
    bool is_bytes;
};

static uint64_t sample_value(const struct page_sample *sample, bool is_bytes)
{
    return is_bytes ? sample->bytes : sample->files;
}

/* What was done by a moment, on the line between the samples around it. */
static double value_at(const struct page *page, double ms, bool is_bytes)
{
    const struct page_sample *samples = page->samples;
    uint32_t i = 0;
    while (i < page->sample_count && (double)samples[i].ms < ms) {
        i++;
    }
    if (i == page->sample_count) {
        return (double)sample_value(&samples[page->sample_count - 1], is_bytes);
    }
    const double before_ms = i > 0 ? (double)samples[i - 1].ms : 0;
    const double before = i > 0 ? (double)sample_value(&samples[i - 1], is_bytes) : 0;
    const double width = (double)samples[i].ms - before_ms;
    const double after = (double)sample_value(&samples[i], is_bytes);
    return width <= 0 ? after : before + (after - before) * (ms - before_ms) / width;
}

/* The least of 1, 2, 2.5, 5 times a power of ten that is not below value. */
static double round_up(double value)
{
    static const double steps[] = {1, 2, 2.5, 5, 10};
    double power = 1;
    while (power * 10 <= value) {
        power *= 10;
    }
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (steps[i] * power >= value) {
            return steps[i] * power;
        }
    }
    return value;
}

static void curve_make(struct curve *curve, const struct page *page, bool is_bytes)
{
    *curve = (struct curve){.is_bytes = is_bytes};
    curve->end_ms = page->samples[page->sample_count - 1].ms;
    curve->count = page->sample_count < STEPS_MAX ? page->sample_count : STEPS_MAX;
    const double step_ms = (double)curve->end_ms / curve->count;
    double most = 0;
    for (uint32_t i = 0; i < curve->count; i++) {
        const double moved =
            value_at(page, step_ms * (i + 1), is_bytes) - value_at(page, step_ms * i, is_bytes);
        curve->rates[i] = moved > 0 && step_ms > 0 ? moved / step_ms * 1000 : 0;
        most = curve->rates[i] > most ? curve->rates[i] : most;
    }
    curve->top = round_up(most > 1 ? most : 1);
}

static void rate_text(struct buffer *out, const struct curve *curve, double rate)
{
    if (curve->is_bytes) {
        figure_bytes(out, rate);
        page_literal(out, "/s");
    } else {
        figure_count(out, (uint64_t)(rate + 0.5));
        page_literal(out, "/s");
    }
}

static void render_points(struct buffer *out, const struct curve *curve)
{
    const double step = (double)PLOT_WIDTH / curve->count;
    for (uint32_t i = 0; i < curve->count; i++) {
        const double y = PLOT_HEIGHT * (1 - curve->rates[i] / curve->top);
        buffer_printf(out, "%s%.1f %.2f", i > 0 ? "L" : "M", step * i, y);
        buffer_printf(out, "L%.1f %.2f", step * (i + 1), y);
    }
}

static void render_steps(struct buffer *out, const struct curve *curve)
{
    const double step_ns = (double)curve->end_ms / curve->count * 1e6;
    for (uint32_t i = 0; i < curve->count; i++) {
        page_literal(out, i > 0 ? "|at " : "at ");
        figure_duration(out, (uint64_t)(step_ns * (i + 0.5)));
        page_literal(out, ": ");
        rate_text(out, curve, curve->rates[i]);
    }
}

static void render_curve(struct buffer *out, const struct page *page, const char *title,
                         bool is_bytes)
{
    struct curve curve;
    curve_make(&curve, page, is_bytes);
    buffer_printf(out, "<h3>%s</h3><div class=\"chart\"><div class=\"axis\">", title);
    for (int i = GRID_LINES; i >= 0; i--) {
        page_literal(out, "<span>");
        rate_text(out, &curve, curve.top * i / GRID_LINES);
        page_literal(out, "</span>");
    }
    buffer_printf(out,
                  "</div><svg class=\"plot\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" "
                  "role=\"img\" aria-label=\"%s over time\" data-steps=\"",
                  PLOT_WIDTH, PLOT_HEIGHT, title);
    render_steps(out, &curve);
    page_literal(out, "\">");
    for (int i = 0; i < GRID_LINES; i++) {
        buffer_printf(out, "<line class=\"grid\" x1=\"0\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>",
                      PLOT_WIDTH, PLOT_HEIGHT * i / GRID_LINES, PLOT_HEIGHT * i / GRID_LINES);
    }
    page_literal(out, "<path class=\"area\" d=\"");
    render_points(out, &curve);
    buffer_printf(out, "L%d %dL0 %dZ\"/><path class=\"curve\" d=\"", PLOT_WIDTH, PLOT_HEIGHT,
                  PLOT_HEIGHT);
    render_points(out, &curve);
    buffer_printf(out,
                  "\"/><line class=\"cursor\" y1=\"0\" y2=\"%d\"/></svg><div class=\"times\">"
                  "<span>0 s</span><span>",
                  PLOT_HEIGHT);
    figure_duration(out, curve.end_ms * 500000);
    page_literal(out, "</span><span>");
    figure_duration(out, curve.end_ms * 1000000);
    page_literal(out, "</span></div><div class=\"readout\">highest ");
    double most = 0;
    for (uint32_t i = 0; i < curve.count; i++) {
        most = curve.rates[i] > most ? curve.rates[i] : most;
    }
    rate_text(out, &curve, most);
    page_literal(out, "</div></div>\n");
}

void page_render_charts(struct buffer *out, const struct page *page)
{
    if (page->sample_count < 2 || page->samples[page->sample_count - 1].ms == 0) {
        return;
    }
    page_literal(out, "<section class=\"card\"><div class=\"head\"><h2>Throughput</h2></div>\n");
    render_curve(out, page, "Data written", true);
    render_curve(out, page, "Files", false);
    page_literal(out, "</section>\n");
}

/* --- where the time went --- */

static void render_bar(struct buffer *out, const char *title, const struct page_phase *phases,
                       uint32_t count)
{
    uint64_t all = 0;
    double at = 0;
    for (uint32_t i = 0; i < count; i++) {
        all += phases[i].ns;
    }
    if (all == 0) {
        return;
    }
    buffer_printf(out,
                  "<div class=\"block\"><h3>%s</h3><svg class=\"bar\" viewBox=\"0 0 1000 10\" "
                  "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"%s\">",
                  title, title);
    for (uint32_t i = 0; i < count; i++) {
        const double width = 1000 * (double)phases[i].ns / (double)all;
        buffer_printf(out, "<rect class=\"s%u\" x=\"%.2f\" width=\"%.2f\" height=\"10\"/>", i % 11,
                      at, width);
        at += width;
    }
    page_literal(out, "</svg><ul class=\"legend\">");
    for (uint32_t i = 0; i < count; i++) {
        if (phases[i].ns < all / 2000) { /* it would read 0.0 % */
            continue;
        }
        buffer_printf(out, "<li><span class=\"swatch s%u\"></span><span>", i % 11);
        page_text(out, phases[i].name);
        page_literal(out, "</span><span>");
        figure_duration(out, phases[i].ns);
        buffer_printf(out, "</span><b>%.1f %%</b></li>", 100 * (double)phases[i].ns / (double)all);
    }
    page_literal(out, "</ul></div>\n");
}

void page_render_phases(struct buffer *out, const struct page *page)
{
    if (page->control_phases == 0) {
        return;
    }
    page_literal(
        out, "<section class=\"card\"><div class=\"head\"><h2>Where the time went</h2></div>\n");
    render_bar(out, "Workers, all together", page->workers, page->worker_phases);
    render_bar(out, "The run as a whole", page->control, page->control_phases);
    page_literal(out, "</section>\n");
}
