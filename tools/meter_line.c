/* meter_line.c - parts of a line in the order of their worth, dropped from the least where there is
 * no room. Where it is drawn, and how often, is console.c's business. */
#include "meter_line.h"

#include <stdio.h>
#include <string.h>

enum {
    PART_COUNT = 8,
    PART_BYTES = 80,
    BAR_CELLS = 20,
    COLUMNS_FOR_BAR = 110,
    UNIT_COLUMNS_MIN = 8
};

/* In the order in which they stand. */
enum part {
    PART_BAR,
    PART_SHARE,
    PART_BYTES_DONE,
    PART_RATE,
    PART_FILES,
    PART_FILE_RATE,
    PART_LEFT,
    PART_FAILED
};

static const double WINDOW_S = 4; /* rates forget what is older than some of these */

void meter_rates_take(struct meter_rates *rates, const vsr_progress *progress)
{
    const double seconds = (double)(progress->elapsed_ns - rates->at_ns) / 1e9;
    if (seconds < 0.05) {
        return;
    }
    const double before_s =
        (double)rates->at_ns / 1e9; /* of a run that has just begun: all of it */
    const double weight = seconds / (seconds + (before_s < WINDOW_S ? before_s : WINDOW_S));
    rates->bytes_s +=
        weight * ((double)(progress->bytes_done - rates->bytes) / seconds - rates->bytes_s);
    rates->files_s +=
        weight * ((double)(progress->files_done - rates->files) / seconds - rates->files_s);
    rates->at_ns = progress->elapsed_ns;
    rates->bytes = progress->bytes_done;
    rates->files = progress->files_done;
}

double meter_seconds_left(const struct meter_rates *rates, const vsr_progress *progress)
{
    const uint64_t bytes = progress->bytes_total - progress->bytes_done;
    const uint64_t files = progress->files_total - progress->files_done;
    if (bytes > 0) {
        return rates->bytes_s >= 1 ? (double)bytes / rates->bytes_s : -1;
    }
    return files == 0 ? 0 : rates->files_s >= 0.1 ? (double)files / rates->files_s : -1;
}

/* --- numbers --- */

static void size_text(char *out, size_t out_bytes, double bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    size_t unit = 0;
    for (; bytes >= 999.5 && unit + 1 < sizeof units / sizeof *units; unit++) {
        bytes /= 1000;
    }
    (void)snprintf(out, out_bytes, bytes < 9.995 && unit > 0 ? "%.2f %s" : "%.0f %s", bytes,
                   units[unit]);
}

static void time_text(char *out, size_t out_bytes, double seconds)
{
    const unsigned long s = (unsigned long)(seconds + 0.5);
    if (s >= 3600) {
        (void)snprintf(out, out_bytes, "%lu:%02lu:%02lu left", s / 3600, s / 60 % 60, s % 60);
    } else {
        (void)snprintf(out, out_bytes, "%lu:%02lu left", s / 60, s % 60);
    }
}

/* --- parts --- */

static double share_of(const vsr_progress *p)
{
    const uint64_t total = p->bytes_total > 0 ? p->bytes_total : p->files_total;
    const uint64_t done = p->bytes_total > 0 ? p->bytes_done : p->files_done;
    return total > 0 ? (double)done / (double)total : 1;
}

static void parts_make(char parts[PART_COUNT][PART_BYTES], const struct meter_rates *rates,
                       const vsr_progress *p)
{
    char done[24], total[24], rate[24];
    const double share = share_of(p), left = meter_seconds_left(rates, p);
    const int cells = (int)(share * BAR_CELLS + 0.5);
    size_text(done, sizeof done, (double)p->bytes_done);
    size_text(total, sizeof total, (double)p->bytes_total);
    size_text(rate, sizeof rate, rates->bytes_s);
    memset(parts, 0, (size_t)PART_COUNT * PART_BYTES);
    (void)snprintf(parts[PART_BAR], PART_BYTES, "[%.*s%.*s]", cells, "####################",
                   BAR_CELLS - cells, "....................");
    (void)snprintf(parts[PART_SHARE], PART_BYTES, "%3.0f %%", share * 100);
    (void)snprintf(parts[PART_BYTES_DONE], PART_BYTES, "%s of %s", done, total);
    (void)snprintf(parts[PART_RATE], PART_BYTES, "%s/s", rate);
    (void)snprintf(parts[PART_FILES], PART_BYTES, "%llu/%llu files",
                   (unsigned long long)p->files_done, (unsigned long long)p->files_total);
    (void)snprintf(parts[PART_FILE_RATE], PART_BYTES, "%.0f files/s", rates->files_s);
    if (left >= 0 && left < 1e6) {
        time_text(parts[PART_LEFT], PART_BYTES, left);
    }
    if (p->files_failed > 0) {
        (void)snprintf(parts[PART_FAILED], PART_BYTES, "%llu FAILED",
                       (unsigned long long)p->files_failed);
    }
}

/* Which parts fit, from the worthiest on; returns the columns that they take. */
static size_t parts_choose(char parts[PART_COUNT][PART_BYTES], unsigned columns,
                           bool chosen[PART_COUNT])
{
    static const enum part worth[PART_COUNT] = {PART_SHARE,      PART_FAILED, PART_LEFT,
                                                PART_RATE,       PART_FILES,  PART_FILE_RATE,
                                                PART_BYTES_DONE, PART_BAR};
    size_t taken = 0;
    for (size_t i = 0; i < PART_COUNT; i++) {
        const size_t width = strlen(parts[worth[i]]);
        const bool fits = width > 0 && taken + (taken > 0 ? 2 : 0) + width <= columns;
        chosen[worth[i]] = fits && (worth[i] != PART_BAR || columns >= COLUMNS_FOR_BAR);
        taken += chosen[worth[i]] ? (taken > 0 ? 2 : 0) + width : 0;
    }
    return taken;
}

/* --- the unit's name, cut where the line ends --- */

static unsigned character_columns(const char *p, size_t *bytes)
{
    const unsigned char lead = (unsigned char)*p;
    *bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    return lead >= 0xE1 ? 2
                        : 1; /* from U+1100 on some are two wide; more room than needed is safe */
}

static void unit_add(struct line *out, const char *unit, size_t columns)
{
    struct line shown = {0};
    size_t taken = 0, at = 0;
    line_shown(&shown, unit);
    while (at < shown.n) {
        size_t bytes;
        const unsigned width = character_columns(shown.p + at, &bytes);
        if (taken + width > columns || at + bytes > shown.n) {
            break;
        }
        taken += width;
        at += bytes;
    }
    line_printf(out, "%.*s", (int)at, shown.p);
    line_free(&shown);
}

void meter_line_render(struct line *out, const struct meter_rates *rates,
                       const vsr_progress *progress, unsigned columns, bool colour)
{
    char parts[PART_COUNT][PART_BYTES];
    bool chosen[PART_COUNT];
    parts_make(parts, rates, progress);
    const size_t taken = parts_choose(parts, columns, chosen);
    const char *gap = "";
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (chosen[i]) {
            const bool red = colour && i == PART_FAILED;
            line_printf(out, "%s%s%s%s", gap, red ? "\033[1;31m" : "", parts[i],
                        red ? "\033[0m" : "");
            gap = "  ";
        }
    }
    if (progress->unit != NULL && taken + 2 + UNIT_COLUMNS_MIN <= columns) {
        line_printf(out, "%s", gap);
        unit_add(out, progress->unit, columns - taken - 2);
    }
}
