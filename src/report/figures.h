/* figures.h - numbers as people read them. */
#ifndef REPORT_FIGURES_H
#define REPORT_FIGURES_H

#include "base/buffer.h"

/* "1,234,567" */
void figure_count(struct buffer *out, uint64_t count);
/* "512 B", "1.2 MB", "34 GB": powers of 1000. */
void figure_bytes(struct buffer *out, double bytes);
/* "820 ms", "12.3 s", "4 min 05 s", "2 h 07 min" */
void figure_duration(struct buffer *out, uint64_t ns);

#endif
