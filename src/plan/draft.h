/* draft.h - the plan while it is made: what expand, locate, decide, collide and order hand on.
 *
 * One draft_file for each file (or directory of a recursive set) in each unit that wants it;
 * everything else is per file set, per unit or per directory. Lives for one plan_create(). */
#ifndef PLAN_DRAFT_H
#define PLAN_DRAFT_H

#include "media/foreign.h"
#include "plan/match.h"
#include "plan/places.h"
#include "plan/plan.h"
#include "plan/select.h"
#include "plan/trace.h"

/* A file set of a component in scope; or, behind those of its unit, what stands in for one where
 * the document names a file that no set holds (named). */
struct draft_set {
    const struct vss_file_set *set;
    uint32_t unit;
    uint32_t component; /* index into the wmd's components */
    struct canon_directory directory;
    struct view triple;       /* canon_triple(), or absent when directory is none      */
    uint32_t depth;           /* elements of directory.below                           */
    uint32_t mapping;         /* index into wmd.mappings, or MARK_NONE (rules 6.3)     */
    uint32_t target;          /* index into the unit's new targets, or MARK_NONE (6.4) */
    uint32_t base;            /* draft_base of its mapping or new target, or MARK_NONE */
    uint32_t overlapped_with; /* a set of the unit that had a file first, or MARK_NONE */
    uint32_t named;           /* draft_named that it stands in for, or MARK_NONE       */
    bool hit;                 /* some file on the media belongs to it (5.10)           */
    bool owns;                /* ... and is planned as its file, not an earlier set's  */
    bool left_out;            /* of a member that the caller left out: owns nothing    */
};

enum named_kind { NAMED_PARTIAL, NAMED_DIFFERENCED, NAMED_DIRECTED, NAMED_RANGES_FILE };

/* A file (or, differenced, files) that the Backup Components Document itself names for a unit:
 * its partial, differenced and, where they count, directed entries, and the ranges files that
 * these name (rules 7.6 to 7.10). By unit; within it as named_collect() meets them. */
struct draft_named {
    enum named_kind kind;
    uint32_t unit;
    uint32_t number; /* in the component's list of its kind; of a ranges file: of who names it */
    struct canon_directory directory; /* where the file was */
    struct view filespec;
    bool recursive;
    bool in_scope;      /* one of the unit's files goes by it, were it on the media and chosen */
    bool wanted;        /* a draft_file goes by it                                              */
    uint32_t media;     /* media entry by that name, or MARK_NONE: none was met                 */
    uint32_t set;       /* draft_set that stands in for a file set; when the walk has met the
                           file, the one it is planned by (of differenced ones, many, it stays) */
    uint32_t same;      /* the first of its kind and unit for the file, or MARK_NONE: itself    */
    uint32_t files[2];  /* draft_named of the ranges files that its lists are in, or MARK_NONE:
                           of the source's, of the destination's                                */
    uint32_t base;      /* directed: draft_base of the destination's directory                  */
    struct view target; /* directed: the destination's name                                     */
    uint32_t owner;     /* directed: the first draft_file of the destination, or MARK_NONE      */
    struct plan_range *ranges; /* partial, directed: what is to be written; no empty ones       */
    uint32_t range_count;
    uint64_t range_bytes; /* their sum */
};

/* A destination directory that stands in for a set's path: of a mapping or a new target. */
struct draft_base {
    struct canon_directory directory;
    struct view text; /* as the document spells it */
    uint32_t place;   /* MARK_NONE: volume not mapped */
    bool asked;
};

struct draft_target { /* a new target (6.4) */
    struct view path, filespec, alternate_path;
    bool recursive;
    bool from_caller;
    struct view triple;
    struct canon_directory directory;
    uint32_t number;     /* in the component's list of the document; caller's: MARK_NONE */
    uint32_t instead_of; /* caller's: the number of the document's that gives way, or MARK_NONE */
};

enum draft_state {
    STATE_ABSENT,      /* nothing there, and it can be created */
    STATE_REPLACEABLE, /* a file that may be replaced          */
    STATE_BLOCKED
};

struct draft_file {
    uint32_t entry;        /* media entry                                            */
    uint32_t set;          /* draft_set                                              */
    uint32_t place;        /* where it goes: directory (a directory's own: itself), or MARK_NONE */
    uint32_t name;         /* number in draft.names: the spelling on disk; MARK_NONE: the entry's */
    uint32_t name_hash;    /* of a file, its folded name: taken while the name was at hand */
    uint32_t named;        /* draft_named that it goes by, or MARK_NONE: a whole file */
    uint8_t where;         /* enum plan_place */
    uint8_t state;         /* enum draft_state */
    uint8_t action;        /* enum plan_action */
    uint8_t shared : 1;    /* another unit's record stands for it (ruling 8) */
    uint8_t directory : 1; /* the media entry is one */
    uint8_t saved_ranges : 1; /* the media hold ranges of it only */
};

struct draft_unit {
    const struct scope *scope;
    const struct bcd_component *component;
    const struct wmd *wmd; /* NULL: none */
    uint32_t first_file, file_count;
    enum vss_target target;
    struct view target_text;
    struct draft_target *targets;
    uint32_t target_count;
    struct view restore_options; /* the caller's; absent: none */
    enum plan_verdict verdict;
    enum refusal refusal;
    struct view detail;
    struct view rule;
    bool involve_writer;
    bool partial_selection;
    bool has_unknown_path;             /* a variable in a path of the documents has no value */
    enum vss_flag additional_restores; /* rules 7.2 */
    const struct earlier_unit *before; /* what an earlier run did with it; NULL: nothing */
    bool unprotected; /* files of no component (5.8): no writer, no method; wmd is NULL */
    const struct foreign_unit *foreign; /* of another front end's plan; it is unprotected, too */
    uint32_t first_component;           /* plan_component: the root, then the other members */
    uint32_t root_member;               /* the root's number in scope->members, or MARK_NONE */
};

struct draft_shared { /* a file of this unit for which another unit's record stands */
    uint32_t unit;
    uint32_t file;  /* draft_file of unit  */
    uint32_t owner; /* draft_file of another unit */
};

struct draft {
    struct arena arena;
    const struct plan_input *input;
    const struct media_index *index;
    struct trace *trace; /* NULL: no file is followed */
    struct canon canon;
    struct roots roots;
    struct places places;
    struct selection selection;
    struct draft_unit *units;
    uint32_t unit_count;
    struct draft_set *sets; /* by unit, component, document order */
    uint32_t set_count;
    size_t set_capacity;
    struct draft_named *named;
    uint32_t named_count;
    size_t named_capacity;
    struct draft_file *files; /* by unit, then media order */
    uint32_t file_count;
    bool has_links;        /* some of them have further names on the media */
    bool has_saved_ranges; /* of some of them the media hold ranges only   */
    void *done_with; /* NULL, or heap memory of the walk in which the plan's records are built:
                        pages touched before need not be zeroed again */
    struct draft_base *bases;
    uint32_t base_count;
    size_t base_capacity;
    struct view *names; /* spellings on disk that differ from the catalogue's */
    uint32_t name_count;
    size_t name_capacity;
    struct draft_shared *shared;
    uint32_t shared_count;
    size_t shared_capacity;
    struct view *warnings;
    uint32_t warning_count;
    size_t warning_capacity;
    struct hash_map located; /* (media directory, base) -> number in located_list */
    struct draft_located {
        uint32_t directory, base, place;
    } * located_list;
    uint32_t located_count;
    size_t located_capacity;
    uint32_t located_last; /* the one found last: files come directory by directory */
};

/* Refuse a unit, unless it is refused already (the first obstacle names the error, ruling 39), or
 * nobody can know it (plan_input.no_catalogue): no caller counts on the unit's being refused.
 * The detail is a sentence part: object, cause, what to do. rule: "6.6/2". */
VSR_PRINTF(5, 6)
void draft_refuse(struct draft *draft, uint32_t unit, enum refusal refusal, const char *rule,
                  const char *format, ...);

/* The same for a path of a document that canon.h does not take; nothing for one that it does.
 * what: "the file set". */
void draft_refuse_path(struct draft *draft, uint32_t unit, const struct canon_directory *directory,
                       const char *what, struct view path);

VSR_PRINTF(2, 3)
void draft_warn(struct draft *draft, const char *format, ...);

static inline bool draft_is_directory(const struct draft_file *file)
{
    return file->directory != 0;
}

/* Does the file go by an entry of the document of this kind? */
static inline bool draft_goes_by(const struct draft *draft, const struct draft_file *file,
                                 enum named_kind kind)
{
    return file->named != MARK_NONE && draft->named[file->named].kind == kind;
}

/* Is it written into what stands at its place, not put there as a whole? */
static inline bool draft_has_ranges(const struct draft *draft, const struct draft_file *file)
{
    return draft_goes_by(draft, file, NAMED_PARTIAL) || draft_goes_by(draft, file, NAMED_DIRECTED);
}

/* Does the unit's method copy files at all (6.2, 6.6)? If not, its name comes before any fault of
 * what the document says of single files. */
static inline bool draft_copies(const struct draft *draft, const struct draft_unit *unit)
{
    return draft->input->choices->private_dir != NULL || unit->wmd == NULL ||
           (unit->wmd->method != METHOD_CUSTOM && unit->wmd->method != METHOD_UNKNOWN &&
            unit->wmd->method != METHOD_UNDEFINED);
}

/* Does the unit's restore target direct files elsewhere? Not in a private restore (6.2), and not
 * at reboot (6.8). */
static inline bool draft_is_directed(const struct draft *draft, const struct draft_unit *unit)
{
    return unit->target == TARGET_DIRECTED && unit->component->directed_target_count > 0 &&
           draft->input->choices->private_dir == NULL &&
           unit->wmd->method != METHOD_RESTORE_AT_REBOOT;
}

/* Is this file planned, or its directory to be made? */
static inline bool draft_is_planned(const struct draft *draft, uint32_t number)
{
    const struct draft_file *file = &draft->files[number];
    return file->place != MARK_NONE && file->shared == 0 &&
           draft->units[draft->sets[file->set].unit].refusal == REFUSAL_NONE;
}

/* The name that a file has at its place. */
static inline struct view draft_name(const struct draft *draft, const struct draft_file *file)
{
    return file->name != MARK_NONE ? draft->names[file->name]
                                   : index_name(draft->index, file->entry);
}

/* "C:\data\a.mdf", as the catalogue spells it; in the draft's arena. */
struct view draft_source_text(struct draft *draft, uint32_t entry);
/* "WRITER: lp\name", for messages; in the draft's arena. */
struct view draft_unit_text(struct draft *draft, uint32_t unit);

/* A warning where an option's component was found without regard to case alone (4.3). */
void draft_warn_folded(struct draft *draft, const char *option, const char *value,
                       const struct component_ref *ref);

/* The unit whose root a component belongs to, or MARK_NONE: it is not among those restored. */
uint32_t draft_unit_of(const struct draft *draft, const struct component_ref *ref);

void draft_fini(struct draft *draft);

/* plan_create(), telling trace (NULL: nobody) about the file that it follows; look (NULL: nobody)
 * sees the finished draft before the plan is cut from it. */
typedef void draft_look(void *context, struct draft *draft);
vsr_code draft_plan(struct plan **out, const struct plan_input *input, struct trace *trace,
                    draft_look *look, void *context, vsr_error *error);

#endif
