/* demand_collect.h - what the files that make the table of demands share. Nobody else's. */
#ifndef PACK_DEMAND_COLLECT_H
#define PACK_DEMAND_COLLECT_H

#include "pack/demand.h"

struct missing_volume {
    struct view volume;
    struct buffer labels; /* of the components that it leaves incomplete */
    struct view last;     /* label added */
};

struct demand_collector {
    struct demands *demands;
    struct notices *notices;
    uint32_t known_count; /* names in the environment that have a value; the rest are unknown */
    uint32_t last_writer; /* whose excludes were taken last */
    struct missing_volume *missing; /* heap */
    uint32_t missing_count;
    size_t missing_capacity;
};

/* text with its %NAME%s replaced, as a path. False: it is none, a warning was given. */
bool demand_path_parse(struct demand_collector *collector, struct view text, struct view label,
                       struct win_path *out);

/* Put a demand (kind, writer, component, label, path, filespec, recursive and, of a partial
 * entry, ranges) into the table and the tries. False: it is left out, a warning was given. */
bool demand_add(struct demand_collector *collector, struct demand demand,
                struct view alternate_path);

/* The partial, differenced and directed entries of one explicit component. */
void demand_collect_entries(struct demand_collector *collector,
                            const struct bcd_component *component, uint32_t writer,
                            uint32_t bcd_component, struct view label);

#endif
