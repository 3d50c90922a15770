/* meter_line.c - progress for people and for programs. */
#include "meter_line.h"

#include <stdio.h>

static void line_draw(const vsr_progress *p)
{
    const double seconds = (double)p->elapsed_ns / 1e9;
    const double rate = seconds > 0 ? (double)p->bytes_done / 1e6 / seconds : 0;
    const double share =
        p->bytes_total > 0 ? (double)p->bytes_done / (double)p->bytes_total * 100 : 100;
    (void)fprintf(stderr, "\r\033[K%5.1f %%  %llu/%llu files  %.0f MB  %.0f MB/s", share,
                  (unsigned long long)p->files_done, (unsigned long long)p->files_total,
                  (double)p->bytes_done / 1e6, rate);
    if (p->bytes_done > 0 && p->bytes_done < p->bytes_total) {
        const double left = (double)(p->bytes_total - p->bytes_done) / (double)p->bytes_done;
        (void)fprintf(stderr, "  %.0f s left", left * seconds);
    }
    if (p->files_failed > 0) {
        (void)fprintf(stderr, "  %llu FAILED", (unsigned long long)p->files_failed);
    }
    (void)fflush(stderr);
}

void meter_line_show(void *context, const vsr_progress *progress)
{
    struct meter_line *meter = context;
    const uint64_t step_ns = meter->json ? 1000000000u : 200000000u;
    if (progress->elapsed_ns - meter->last_ns < step_ns) {
        return;
    }
    meter->last_ns = progress->elapsed_ns;
    if (meter->json) {
        (void)printf("{\"t\":\"status\",\"v\":1,\"files\":{\"total\":%llu,\"done\":%llu,"
                     "\"failed\":%llu},\"bytes\":{\"total\":%llu,\"done\":%llu},"
                     "\"units\":{\"total\":%llu,\"done\":%llu},\"elapsed_ms\":%llu}\n",
                     (unsigned long long)progress->files_total,
                     (unsigned long long)progress->files_done,
                     (unsigned long long)progress->files_failed,
                     (unsigned long long)progress->bytes_total,
                     (unsigned long long)progress->bytes_done,
                     (unsigned long long)progress->units_total,
                     (unsigned long long)progress->units_done,
                     (unsigned long long)(progress->elapsed_ns / 1000000));
        (void)fflush(stdout);
    } else if (meter->terminal) {
        line_draw(progress);
    }
}

void meter_line_end(struct meter_line *meter)
{
    if (meter->terminal && !meter->json) {
        (void)fprintf(stderr, "\r\033[K");
    }
}
