/* figures.c - counts, sizes and times for people; three figures are enough. */
#include "report/figures.h"

#include <stdio.h>

void figure_count(struct buffer *out, uint64_t count)
{
    char digits[24];
    const int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0) {
            buffer_add_char(out, ',');
        }
        buffer_add_char(out, digits[i]);
    }
}

void figure_bytes(struct buffer *out, double bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    size_t unit = 0;
    while (bytes >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
        bytes /= 1000;
        unit++;
    }
    buffer_printf(out,
                  unit == 0 || bytes >= 99.95 ? "%.0f %s"
                  : bytes >= 9.995            ? "%.1f %s"
                                              : "%.2f %s",
                  bytes, units[unit]);
}

void figure_duration(struct buffer *out, uint64_t ns)
{
    const uint64_t seconds = ns / 1000000000;
    if (seconds < 1) {
        buffer_printf(out, ns > 0 && ns < 9950000 ? "%.1f ms" : "%.0f ms", (double)ns / 1e6);
    } else if (seconds < 60) {
        buffer_printf(out, "%.1f s", (double)ns / 1e9);
    } else if (seconds < 3600) {
        buffer_printf(out, "%u min %02u s", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
    } else {
        buffer_printf(out, "%llu h %02u min", (unsigned long long)(seconds / 3600),
                      (unsigned)(seconds / 60 % 60));
    }
}
