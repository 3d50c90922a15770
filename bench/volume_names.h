/* volume_names.h - names and sizes for made files: names that fit a specification, sizes by a
 * distribution. */
#ifndef BENCH_VOLUME_NAMES_H
#define BENCH_VOLUME_NAMES_H

#include "content.h"

#include "vss/winpath.h"

enum volume_sizes { SIZES_WINDOWS, SIZES_SMALL, SIZES_DATABASE, SIZES_TINY, SIZES_COUNT };

/* By the words of the command line; SIZES_COUNT: no such word. */
enum volume_sizes volume_sizes_parse(struct view text);
uint64_t volume_size(enum volume_sizes sizes, struct content_rng *rng);

/* A name that spec matches and a Windows volume can hold, in the arena. number makes names of one
 * folder differ; 0 gives the odd one: nothing for '*' and '?' where that fits, no dot for "*.*".
 * Absent: none was found. */
struct view volume_name(struct arena *arena, const struct win_spec *spec, struct content_rng *rng,
                        uint32_t number);

/* A name for a subfolder. */
struct view volume_folder_name(struct arena *arena, struct content_rng *rng, uint32_t number);

#endif
