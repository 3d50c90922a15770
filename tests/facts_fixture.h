/* facts_fixture.h - a destination that is a list: what stands there, for tests of the planner. */
#ifndef FACTS_FIXTURE_H
#define FACTS_FIXTURE_H

#include "base/arena.h"
#include "plan/plan.h"

enum {
    FACTS_LOCKED = 1,   /* a file that cannot be replaced       */
    FACTS_READONLY = 2, /* a directory that takes nothing new   */
    FACTS_MOUNT = 4,    /* another mount stands here            */
    FACTS_LINKED = 8,   /* a file with a second name            */
    FACTS_OLD = 16,     /* older than anything on the media, else as old */
    FACTS_UNKNOWN = 32, /* whether it is in use cannot be told           */
    FACTS_SECOND = 64,  /* a directory where the second root is mounted  */
    FACTS_AWAITED = 128 /* not there: it comes at the next boot          */
};

struct facts_entry {
    struct view path; /* "C:\data\a.mdf"; what is above it exists, too */
    enum fact_type type;
    unsigned flags;
};

struct facts_fixture {
    struct arena arena;
    const struct plan_mapped_root *roots;
    uint32_t root_count;
    struct facts_entry *entries;
    uint32_t entry_count;
    size_t entry_capacity;
    struct view *handles; /* directories asked for: their paths */
    uint32_t handle_count;
    size_t handle_capacity;
    bool case_sensitive;
    bool name_units;
    uint32_t name_bytes_max;
    bool roots_missing; /* no root is there yet             */
    bool roots_blocked; /* ... nor can any be made          */
    bool one_directory; /* all roots are the same directory */
    uint64_t fails_at;  /* this question's answer is an I/O error, counted from 1; 0: none */
    uint64_t asked;
    uint64_t lookups, entered; /* how often was asked              */
};

void facts_add(struct facts_fixture *facts, const char *path, enum fact_type type, unsigned flags);
struct plan_facts facts_of(struct facts_fixture *facts);
void facts_fini(struct facts_fixture *facts);

#endif
