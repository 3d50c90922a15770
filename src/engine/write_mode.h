/* write_mode.h - how large files are written at each destination: what was asked for against what
 * the mount can (dest/probe.h).
 *
 * Small files are written by plain calls in every mode, and so are ranges into files that exist,
 * which are seldom aligned: uncached at best. Any thread. */
#ifndef ENGINE_WRITE_MODE_H
#define ENGINE_WRITE_MODE_H

#include "dest/stage.h"
#include "engine/budget.h"

/* DIRECT, UNCACHED or BUFFERED, never AUTO. */
enum write_mode write_mode_of(const struct budget *budget, const struct dest_abilities *abilities);

/* "auto", "direct", "buffered", "uncached"; static. */
const char *write_mode_text(enum write_mode mode);

/* Can every mount do what was asked for by name? Errors: USAGE, naming the first that cannot. */
vsr_code write_mode_check(const struct budget *budget, const struct stage *stage, vsr_error *error);

#endif
