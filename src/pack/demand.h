/* demand.h - what the documents want on the media: ruling 1 of the contract as a table.
 *
 * Each file set of an explicit component or of a descendant, and each partial, differenced or
 * directed entry, is one demand; three tries (plan/match.h) find the demands of a directory or
 * a file while the trees are walked. Built by one thread; then immutable but for the `met` marks,
 * which any thread may set. */
#ifndef PACK_DEMAND_H
#define PACK_DEMAND_H

#include "pack/notice.h"
#include "pack/source.h"
#include "pack/tree.h"
#include "vss/documents.h"
#include "vss/ranges.h"

#include <stdatomic.h>

enum demand_kind {
    DEMAND_SET,         /* a file set whose mask asks for this backup type (rules 7.9) */
    DEMAND_DIFFERENCED, /* whole files, whatever their times say (ruling 1)            */
    DEMAND_PARTIAL,     /* the ranges of one file (rules 7.5, 7.7)                     */
    DEMAND_RANGES_FILE, /* that a partial or directed entry names (rules 7.6)          */
    DEMAND_DIRECTED     /* a source of directed entries (ruling 37)                    */
};

struct demand {
    enum demand_kind kind;
    uint32_t writer;           /* index into bcd.writers */
    uint32_t bcd_component;    /* the explicit one       */
    struct view label;         /* "Writer:lp\name" for messages */
    struct win_path path;      /* expanded, where it stands in the catalogue */
    struct win_path alternate; /* where it is read first (rules 5.2); volume absent: nowhere */
    uint32_t volume;           /* of path */
    struct view below;         /* of path */
    struct view alternate_below;
    bool alternate_inside; /* the walk of path may come to alternate, which is no part of the set */
    struct view filespec;
    bool recursive;
    bool named;                       /* no wildcard: it must be there (rules 5.10) */
    struct view ranges_text;          /* of a partial entry, expanded when it is a file's path */
    const struct index_range *ranges; /* as the document orders them, without empty ones */
    uint32_t range_count;
};

struct demand_exclude {
    uint32_t writer; /* holds for this one's sets only (rules 5.7) */
};

struct demands {
    struct arena arena;
    const struct documents *documents;
    const struct sources *sources;
    struct win_env env;
    struct demand *list;
    uint32_t count;
    size_t capacity;
    struct demand_exclude *excludes;
    uint32_t exclude_count;
    size_t exclude_capacity;
    struct match *wanted; /* ids: demands */
    struct match *alternates;
    struct match *exclude_match; /* ids: excludes */
    atomic_uchar *met;           /* of each demand: a file was found, or excluded */
};

/* Make the table. environment: "NAME=value". Reads no file. Warnings: components whose writer's
 * document is missing, sets that cannot be read, volumes that were not given. Errors: SELECTION
 * (unknown %NAME%s, all named: ruling 22; a wrong NAME=value), DOCUMENT. */
vsr_code demands_collect(struct demands *demands, const struct documents *documents,
                         const struct sources *sources, const char *const *environment,
                         uint32_t environment_count, struct notices *notices, vsr_error *error);

/* Read the ranges files that partial entries name. What cannot be read: a warning, and the
 * entry's file is saved whole if a set wants it. */
void demands_read_ranges(struct demands *demands, struct notices *notices);
void demands_free(struct demands *demands);

/* Where a walk begins on a volume, and where it goes in a directory. */
struct tree_places demand_root(const struct demands *demands, uint32_t volume);
struct tree_places demand_enter(const struct demands *demands, const struct tree_places *places,
                                struct view directory_name);
static inline bool demand_is_dead(const struct tree_places *places)
{
    return match_place_is_dead(places->wanted) && match_place_is_dead(places->alternates);
}

/* A growing list of hits, one for each thread. */
struct demand_ids {
    uint32_t *ids; /* heap */
    uint32_t count;
    uint32_t capacity;
    uint32_t *exclude_ids;
    uint32_t exclude_capacity;
    uint32_t *alternate_ids;
    uint32_t alternate_capacity;
};
void demand_ids_free(struct demand_ids *ids);

/* What is to become of a file that demands ask for. */
struct demand_verdict {
    bool wanted;
    bool ranges_file;
    uint32_t partial; /* the demand whose ranges alone are saved, or MARK_NONE */
    bool conflict;    /* partial entries that do not agree: it is saved whole  */
};
/* ids: those of demands->wanted that hold the file; marks them met, but for those whose alternate
 * directory this is in: what that provides goes elsewhere (rules 5.2, T19). */
struct demand_verdict demand_judge(struct demands *demands, const struct tree_places *places,
                                   struct view name, struct demand_ids *ids);
/* Is the file excluded from this demand? */
bool demand_excludes(const struct demands *demands, uint32_t demand, struct match_place excludes,
                     struct view name, struct demand_ids *ids);
/* Does a recursive set want this directory, whatever lies in it (rules 5.5), and not only as a part
 * of its own alternate directory? */
bool demand_wants_directory(const struct demands *demands, const struct tree_places *places,
                            struct demand_ids *ids);
/* All ids of a place of one of the tries for a file name, or (name absent) for the directory. */
void demand_hits(const struct match *match, struct match_place place, struct view name,
                 struct demand_ids *ids);

/* Warn of named files that were not found (rules 5.10, ruling 36). */
void demands_warn_missing(struct demands *demands, struct notices *notices);

/* The labels of the demands in ids, each once, "A, B and 3 more"; "" when there is none. */
struct view demand_labels(const struct demands *demands, const struct demand_ids *ids,
                          struct buffer *out);

#endif
