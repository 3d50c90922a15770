/* plan_build.h - a plan's arrays while they grow. Everything is heap and goes to the plan. */
#ifndef PLAN_PLAN_BUILD_H
#define PLAN_PLAN_BUILD_H

#include "plan/plan.h"

#define PLAN_ARRAYS(X)                                                                             \
    X(roots, root, plan_root)                                                                      \
    X(directories, directory, plan_directory)                                                      \
    X(files, file, plan_file)                                                                      \
    X(ranges, range, plan_range)                                                                   \
    X(components, component, plan_component)                                                       \
    X(used_mappings, used_mapping, plan_used_mapping)                                              \
    X(ranges_paths, ranges_path, plan_ranges_path)                                                 \
    X(new_targets, new_target, plan_new_target)                                                    \
    X(restore_options, restore_option, plan_restore_options)                                       \
    X(shared, shared, plan_shared)                                                                 \
    X(units, unit, plan_unit)                                                                      \
    X(to_dos, to_do, plan_to_do)                                                                   \
    X(warnings, warning, plan_text)                                                                \
    X(choices, choice, plan_text)

struct plan_build {
#define X(array, one, type)                                                                        \
    struct type *array;                                                                            \
    uint32_t one##_count;                                                                          \
    size_t one##_capacity;
    PLAN_ARRAYS(X)
#undef X
    struct buffer text;
    bool full; /* 32 bits no longer number what was to be added */
};

/* The next element, zeroed. Never NULL; past 2^32 - 2 elements the last one again, and full. */
#define X(array, one, type) struct type *plan_build_add_##one(struct plan_build *build);
PLAN_ARRAYS(X)
#undef X

/* Room for count files: they are then added without being moved. memory: NULL, or heap memory of
 * any size to be used for them, which is given away. Before the first file only. */
void plan_build_reserve_files(struct plan_build *build, void *memory, size_t count);

/* Text into the blob; an absent view is MARK_NONE. */
struct plan_text plan_build_text(struct plan_build *build, struct view text);

/* The finished plan, which owns everything; build is empty. Errors: MEMORY when full. */
vsr_code plan_build_end(struct plan_build *build, struct plan **out, vsr_error *error);
void plan_build_free(struct plan_build *build);

/* The hash over a set's document hashes that binds a plan to them. */
void plan_documents_digest(const struct media_set *set, uint8_t out[16]);

#endif
