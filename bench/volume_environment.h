/* volume_environment.h - what %NAMES% in documents mean on a made server. */
#ifndef BENCH_VOLUME_ENVIRONMENT_H
#define BENCH_VOLUME_ENVIRONMENT_H

#include "vss/winpath.h"

/* The names that a Windows server has, and count assignments "NAME=value" over them; later ones
 * win. The table stands in the arena and borrows the assignments' text. */
void volume_environment(struct win_env *env, struct arena *arena, const char *const *assignments,
                        uint32_t count);

#endif
