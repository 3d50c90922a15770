/* plan.h - the plan: one record for each file, immutable, the type that everything after the
 * planner works from.
 *
 * Arrays with 32-bit indices and one blob of text: relocatable, saved as it lies, mapped when
 * loaded. Within a unit stand first the directories, top down, then ranges files, then partial
 * and directed files, then the others (rules 7.4); each kind in media order. Same input, same
 * bytes. Any thread may read. */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "base/buffer.h"
#include "media/set.h"
#include "plan/chain.h"
#include "plan/choices.h"
#include "plan/earlier.h"
#include "plan/facts.h"
#include "plan/refusal.h"

struct plan_text { /* in plan->text; offset MARK_NONE: absent */
    uint32_t offset;
    uint32_t bytes;
};

enum plan_verdict {
    VERDICT_ORIGINAL,
    VERDICT_ALTERNATE,
    VERDICT_ORIGINAL_LOCATION,
    VERDICT_MIXED,
    VERDICT_STAGED,
    VERDICT_PRIVATE,
    VERDICT_REFUSED,
    VERDICT_CUSTOM
};
enum plan_kind {
    KIND_PLAIN,
    KIND_PARTIAL,
    KIND_DIRECTED,
    KIND_RANGES_FILE,
    KIND_DIRECTORY,
    KIND_HARDLINK,
    KIND_REPARSE
};
enum plan_place {
    PLACE_ORIGINAL,
    PLACE_ALTERNATE,
    PLACE_NEW_TARGET,
    PLACE_DIRECTED,
    PLACE_ORIGINAL_LOCATION,
    PLACE_PRIVATE
};
enum plan_action { ACTION_CREATE, ACTION_REPLACE, ACTION_WRITE_RANGES, ACTION_STAGE, ACTION_NONE };

/* The order in which what a system state is made of appears at its places (rules 3.6, 11): a unit
 * not before those of an earlier turn. */
enum plan_turn {
    TURN_FREE,      /* no part of it: whenever it is ready        */
    TURN_BOOT,      /* boot and system files                      */
    TURN_COM,       /* the COM+ class registration database       */
    TURN_SHARED,    /* SYSVOL, certificates, the cluster's data   */
    TURN_DIRECTORY, /* the directory service                      */
    TURN_REGISTRY   /* last                                       */
};

struct plan_root {             /* a mapped volume */
    struct plan_text spec;     /* "C:", as in the jsonl `volumes` record */
    struct plan_text dir;      /* where it stands on this machine, as given */
    uint32_t from_root_option; /* 1: below --root, made where missing */
};

struct plan_directory {    /* a directory at a destination: existing, or to be made */
    uint32_t parent;       /* plan_directory, or MARK_NONE: the root's own top directory */
    uint32_t root;         /* plan_root */
    struct plan_text name; /* as spelled on disk, or as it will be */
    uint32_t entry;        /* media entry whose metadata it takes when made, or MARK_NONE */
    uint32_t make;         /* 1: did not exist when planned */
    uint32_t unit;         /* first unit that needs it */
};

/* What the kinds mean that are not whole files at a place of their own:
 *
 * KIND_PARTIAL (rules 7.7): ranges of the source are laid over the base that stands at the place
 * (present is 1: without a base the unit is refused); source == dest in each of them. What lies
 * outside the ranges stays, and a range beyond the base's end makes it grow. Ranges may overlap:
 * they bring the same bytes.
 *
 * KIND_DIRECTED (rules 7.8): ranges of the source go to other offsets of the file at the place,
 * which is never cut and, where nothing stands (present is 0), is made; it then ends where the
 * last range of all its records ends. Several records of a unit may have one destination: they
 * have the same directory and name, the later ones have the first as their link_owner, and no two
 * of their dest ranges overlap.
 *
 * Both are ACTION_WRITE_RANGES (or STAGE), stand by their ranges in the document's order without
 * the empty ones (so there may be none), and have their sum as their size. A range's source is an
 * offset in the file, whatever the media hold of it: saved ranges only (INDEX_PARTIAL; the range
 * lies within their union, perhaps across several), allocated ones (holes are zeros), or all. As
 * for any file, the data are those of the first entry of a link group.
 *
 * KIND_RANGES_FILE (rules 7.6): a whole file that tells a writer the ranges of a partial file; it
 * counts for no residue (9.3). */
struct plan_file {
    uint32_t unit;
    uint32_t component;    /* plan_component */
    uint32_t entry;        /* media entry: source, content, metadata. MARK_NONE: a KIND_DIRECTORY
                              that the media do not hold (above an alternate location) */
    uint32_t directory;    /* where it goes (a KIND_DIRECTORY record: itself) */
    struct plan_text name; /* its name there; absent (never of KIND_DIRECTED): the media entry's */
    uint8_t kind;          /* enum plan_kind   */
    uint8_t place;         /* enum plan_place  */
    uint8_t action;        /* enum plan_action */
    uint8_t present;       /* 1: a file (or link) stood at its place when it was planned */
    uint32_t link_owner;   /* KIND_HARDLINK: the plan_file whose data it shares; KIND_DIRECTED: the
                              first record of its destination, or MARK_NONE: this is the first */
    uint32_t range_count;
    uint32_t first_range; /* plan_range: partial, directed; else 0, 0 */
    uint32_t mapping;     /* index of the mapping or new target in its document, or MARK_NONE */
    uint64_t size;        /* bytes of content to be written (of ranges: their sum) */
};

struct plan_range {
    uint64_t source; /* offset in the source file */
    uint64_t dest;
    uint64_t length;
};

struct plan_component {
    struct plan_text full_name; /* "lp\name" */
};

struct plan_used_mapping { /* to be recorded in the document (6.10) */
    uint32_t unit;
    struct plan_text path, filespec,
        alternate_path; /* verbatim strings of the file set, the mapping's destination */
    uint32_t recursive;
};

/* SetRangesFilePath (6.10, T61): a partial file's ranges file went to another place than its
 * original one, which is to be recorded once the unit is restored. */
struct plan_ranges_path {
    uint32_t unit;
    uint32_t partial_file; /* number of the entry among the component's partial files */
    struct plan_text path; /* the Windows path where it now stands */
};

struct plan_new_target { /* of the caller: to be recorded in the document (6.10) */
    uint32_t unit;
    struct plan_text path, filespec, alternate_path; /* verbatim */
    uint32_t recursive;
    uint32_t instead_of; /* number of the document's new target that gives way, or MARK_NONE */
};

struct plan_restore_options { /* of the caller, for a unit's writer */
    uint32_t unit;
    struct plan_text text; /* verbatim */
};

/* A file that two units bring to the same place has one record, the first unit's; the other
 * depends on it: when it fails, this unit fails with it (contract, rulings 8 and 28). */
struct plan_shared {
    uint32_t unit; /* the one that depends */
    uint32_t file; /* plan_file, of an earlier unit that is not refused */
};

/* What is left to be done by people after the unit was restored (rules, section 11). */
struct plan_to_do {
    uint32_t unit;
    struct plan_text text;
};

struct plan_unit {
    uint32_t writer;        /* index into bcd.writers (MARK_NONE: files of no component) */
    uint32_t bcd_component; /* index into its components */
    uint8_t writer_id[16], instance_id[16];
    struct plan_text writer_name, logical_path, component;
    uint8_t type;    /* enum vss_component_type */
    uint8_t method;  /* enum vss_method         */
    uint8_t target;  /* enum vss_target         */
    uint8_t verdict; /* enum plan_verdict       */
    uint8_t refusal; /* enum refusal            */
    uint8_t involve_writer;
    uint8_t partial_selection;   /* --file: status never ALL unless every file was chosen */
    uint8_t additional_restores; /* enum vss_flag: does more of it follow (7.2)? ABSENT: not told */
    uint8_t reboot_required;     /* on a live tree, and the writer's document says so (rules 8.7) */
    uint8_t reduced;             /* --exclude-component took members out: status NONE */
    uint8_t turn;                /* enum plan_turn */
    uint8_t reserved;
    struct plan_text method_text;                    /* as the document spells it */
    struct plan_text target_text;                    /* "original"; an unknown word as spelled */
    struct plan_text rule;                           /* "6.6/2"                   */
    struct plan_text detail;                         /* to the refusal: the object and what to do */
    uint32_t first_subcomponent, subcomponent_count; /* plan_component of the implicit members */
    uint32_t first_file, file_count;
    uint32_t first_shared, shared_count; /* plan_shared: files of earlier units it depends on */
    uint64_t bytes;
};

struct plan {
    struct uuid set_uuid;
    uint8_t index_xxh3[16];     /* the set's index */
    uint8_t documents_xxh3[16]; /* of the documents' hashes, in the set's order */
    struct plan_text set_path;
    const struct plan_root *roots;
    const struct plan_directory *directories; /* parents before children */
    const struct plan_file *files;
    const struct plan_range *ranges;
    const struct plan_component *components;
    const struct plan_used_mapping *used_mappings;
    const struct plan_ranges_path *ranges_paths;
    const struct plan_new_target *new_targets;
    const struct plan_restore_options *restore_options; /* at most one for each unit */
    const struct plan_shared *shared;
    const struct plan_unit *units;
    const struct plan_to_do *to_dos; /* by unit */
    const struct plan_text *warnings;
    const struct plan_text
        *choices; /* the call's options, one text each "--volume", "C:=/mnt/c" ... for replay */
    const char *text;
    uint32_t root_count, directory_count, file_count, range_count, component_count;
    uint32_t used_mapping_count, new_target_count, restore_option_count, ranges_path_count;
    uint32_t shared_count, unit_count, to_do_count, warning_count;
    uint32_t choice_count;
    uint32_t text_bytes;
    uint64_t bytes; /* sum over units that are not refused */
    uint32_t refused_units;
    void *mapping; /* a loaded one; NULL: heap */
    size_t mapping_bytes;
    void *owned; /* a made one's storage */
};

/* Is the id (of the unit's writer, or of its instance) told? Files of no component are nobody's,
 * but for what the plan of another front end says of them. */
static inline bool plan_unit_has_id(const struct plan_unit *unit, const uint8_t id[16])
{
    static const uint8_t none[16];
    return unit->writer != MARK_NONE || memcmp(id, none, sizeof none) != 0;
}

static inline struct view plan_text(const struct plan *plan, struct plan_text text)
{
    return text.offset == UINT32_MAX ? VIEW_NONE
                                     : (struct view){plan->text + text.offset, text.bytes};
}

/* What a writer and its service said before places are decided (rules 2.6, 9.5). */
struct plan_said {
    struct view veto;          /* why the writer failed in PreRestore; absent: it did not       */
    struct view service_fault; /* why its service could not be stopped; absent: nothing is known
                                  to be in the way */
};

struct plan_input {
    const struct documents *documents;
    const struct media_set *set;
    const struct plan_choices *choices;
    const struct plan_facts *facts;       /* asked in pass 2 only */
    const struct plan_contents *contents; /* NULL: no file of the media can be read */
    const struct chain *chain;            /* that the set is a step of, judged; NULL: of none */
    uint32_t chain_step;
    const struct earlier
        *earlier;      /* what the runs that this one follows did; NULL: it follows none */
    bool no_catalogue; /* set is empty, since nobody knows what it will hold: nothing that media or
                          the machine would say is refused */
    bool *file_hits; /* for each --file: set when it matches; NULL: one that does not is an error */
    const struct plan_said *said; /* for each of bcd.writers; NULL: nobody was asked */
    uint64_t set_folder[2]; /* device and inode of the set's own folder, into which nothing is ever
                               restored; 0, 0: not known */
};

/* What the places map to, before facts exist: the roots in the order of plan->roots. Needed to
 * open them. Errors: SELECTION. Into the arena. */
struct plan_mapped_root {
    struct view spec;
    struct view dir;
    bool from_root_option;
    uint32_t typed_bytes; /* of dir, as typed; what follows below --root is looked up folded */
};
vsr_code plan_map_volumes(struct arena *arena, const struct plan_input *input,
                          struct plan_mapped_root **roots, uint32_t *root_count, vsr_error *error);

/* Make a plan. Units that cannot be planned are in it, refused by name; the call itself fails
 * only for faults of what was typed (SELECTION) and when no plan can be made (DOCUMENT). */
vsr_code plan_create(struct plan **out, const struct plan_input *input, vsr_error *error);
void plan_free(struct plan *plan);

/* Save and load (binary; every number checked on load against the plan's own sizes, and by
 * plan_check_set() against the set's index). Errors of loading: RUN_FOREIGN for a file that is no
 * plan, or a damaged one; of plan_check_set(): RUN_FOREIGN when it was made for another set or
 * other documents. */
vsr_code plan_save(const struct plan *plan, int dir_fd, const char *name, vsr_error *error);
/* What plan_save() saves, to a function, in parts. Errors: take's. */
typedef vsr_code (*plan_taker)(void *context, const void *bytes, size_t count, vsr_error *error);
vsr_code plan_write(const struct plan *plan, plan_taker take, void *context, vsr_error *error);
vsr_code plan_load(struct plan **out, const char *path, vsr_error *error);
vsr_code plan_check_set(const struct plan *plan, const struct media_set *set, vsr_error *error);
/* Do path's first bytes say that it is a binary plan (else: JSON lines)? Errors: SELECTION: no file
 * stands there; RUN_FOREIGN: it cannot be opened. */
vsr_code plan_is_binary(const char *path, bool *binary, vsr_error *error);
/* The bytes of a plan's file, for plan_read_lines(). Errors: RUN_FOREIGN. */
vsr_code plan_file_map(const char *path, struct view *out, vsr_error *error);
void plan_file_unmap(struct view mapped);

/* "C:\data\a.mdf": a media entry's path, as the catalogue spells it. Added to out. */
void plan_entry_path(const struct media_set *set, uint32_t entry, struct buffer *out);

/* Paths of a record. Added to out. */
void plan_source_path(const struct plan *plan, const struct media_set *set, uint32_t file,
                      struct buffer *out); /* plan_entry_path(); nothing for an entry MARK_NONE */
void plan_dest_path(const struct plan *plan, const struct media_set *set, uint32_t file,
                    struct buffer *out); /* "D:\alt\a.mdf" */
void plan_unix_path(const struct plan *plan, const struct media_set *set, uint32_t file,
                    struct buffer *out); /* "/mnt/d/alt/a.mdf" */
struct view plan_file_name(const struct plan *plan, const struct media_set *set, uint32_t file);

/* Paths of a directory. Added to out. */
void plan_directory_path(const struct plan *plan, uint32_t directory,
                         struct buffer *out); /* "/mnt/d/alt" */
void plan_below_root(const struct plan *plan, uint32_t directory, char separator,
                     struct buffer *out); /* "/alt"; of a root itself, nothing */

/* Is this the first time that its writer is said to want it done? For lists for people. */
bool plan_to_do_is_first(const struct plan *plan, uint32_t to_do);

/* The plan as JSON lines (contract, section 4), in order; sink is called with whole lines. */
typedef vsr_code plan_sink(void *context, struct view lines, vsr_error *error);
vsr_code plan_render_jsonl(const struct plan *plan, const struct media_set *set, plan_sink *sink,
                           void *context, vsr_error *error);

const char *plan_verdict_text(enum plan_verdict verdict);
const char *plan_kind_text(enum plan_kind kind);
const char *plan_place_text(enum plan_place place);
const char *plan_action_text(enum plan_action action);

#endif
