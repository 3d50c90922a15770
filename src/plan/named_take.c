/* named_take.c - one file of the media, its file sets and the document's entries: what it is
 * restored as, for each unit that wants it.
 *
 * Asked during the walk, instead of the plain rule by which the first set owns a file, as soon as
 * any document names files itself. Sets come in ascending order of their numbers and entries of
 * theirs, both by unit, so that a unit's stand in a row in either list. */
#include "plan/named.h"

/* What one unit has to say of one file. */
struct claims {
    uint32_t unit;
    uint32_t set;                    /* the first file set that holds it, or MARK_NONE          */
    uint32_t first_named, end_named; /* its entries that name it: into walk->named_ids          */
    uint32_t first[NAMED_RANGES_FILE + 1]; /* the first of each kind, or MARK_NONE               */
    bool left_out; /* a set that holds it was left out of the scope           */
    bool excluded; /* by its writer                                           */
    bool lost;     /* the media do not hold all of it                         */
    bool followed; /* by a trace                                              */
};

/* The unit's entries at *at, of which the media hold this file. */
static void claims_take_named(struct walk *walk, struct claims *claims, uint32_t entry,
                              uint32_t *at, uint32_t count)
{
    struct draft *draft = walk->draft;
    claims->first_named = *at;
    for (; *at < count && draft->named[walk->named_ids[*at]].unit == claims->unit; ++*at) {
        const uint32_t number = walk->named_ids[*at];
        struct draft_named *named = &draft->named[number];
        uint32_t *first = &claims->first[named->kind];
        if (claims->lost && named->kind != NAMED_DIFFERENCED) {
            continue; /* counts as not on the media: named_check() will tell */
        }
        if (named->media == MARK_NONE ||
            view_equal(index_name(draft->index, entry), named->filespec)) {
            named->media = entry; /* of names that differ by case the exact one */
        }
        if (*first == MARK_NONE) {
            *first = number;
        } else {
            named->same = *first;
        }
    }
    claims->end_named = *at;
    if (claims->followed && claims->end_named > claims->first_named) {
        const bool whole = claims->first[NAMED_DIFFERENCED] != MARK_NONE;
        const bool directed = claims->first[NAMED_DIRECTED] != MARK_NONE;
        const bool partial = claims->first[NAMED_PARTIAL] != MARK_NONE;
        trace_note(draft->trace, "files", claims->unit,
                   directed ? "7.8"
                   : whole  ? "7.10"
                            : "7.7",
                   "the Backup Components Document names it itself, as %s",
                   directed  ? "the source of directed ranges"
                   : whole   ? "a differenced file"
                   : partial ? "a partial file"
                             : "a ranges file");
    }
}

static void claims_take_sets(struct walk *walk, struct claims *claims, uint32_t entry, uint32_t *at,
                             uint32_t count)
{
    struct draft *draft = walk->draft;
    const bool is_named = claims->first[NAMED_PARTIAL] != MARK_NONE ||
                          claims->first[NAMED_DIFFERENCED] != MARK_NONE ||
                          claims->first[NAMED_DIRECTED] != MARK_NONE;
    for (; *at < count && draft->sets[walk->ids[*at]].unit == claims->unit; ++*at) {
        struct draft_set *set = &draft->sets[walk->ids[*at]];
        if (!is_named && !walk_is_whole_for(walk, set, entry)) {
            continue;
        }
        claims->left_out |= set->left_out;
        const bool taken = set->left_out || (claims->excluded && !is_named); /* Q11 */
        if (claims->followed) {
            trace_set(draft, taken ? (set->left_out ? "4.6" : "5.7") : "5.5", walk->ids[*at],
                      set->left_out              ? "holds it, and was left out of what is restored"
                      : taken                    ? "an exclude takes the file away from it"
                      : claims->set != MARK_NONE ? "holds it, too; the first set's place counts"
                                                 : "holds it, and its place counts");
        }
        if (taken) {
            continue;
        }
        set->hit = set->hit || !claims->lost; /* a lost one counts as not on the media */
        if (claims->set == MARK_NONE) {
            claims->set = walk->ids[*at];
        } else if (set->overlapped_with == MARK_NONE) {
            set->overlapped_with = claims->set;
        }
    }
}

/* The set that the file is planned by: a file set, else what stands in for one; MARK_NONE: the
 * file is not the unit's (7.8; ruling 38). */
static uint32_t claims_set(const struct draft *draft, const struct claims *claims)
{
    if (claims->set != MARK_NONE) {
        return claims->set;
    }
    if (claims->left_out || draft->units[claims->unit].scope->by_subcomponents) {
        return MARK_NONE;
    }
    const uint32_t named = claims->first[NAMED_DIFFERENCED] != MARK_NONE
                               ? claims->first[NAMED_DIFFERENCED]
                               : claims->first[NAMED_PARTIAL];
    return named != MARK_NONE ? draft->named[named].set : MARK_NONE;
}

static void claims_warn(struct draft *draft, const struct claims *claims, uint32_t entry)
{
    const struct view text = draft_source_text(draft, entry);
    if (claims->excluded) {
        draft_warn(draft,
                   "rule 5.7: '%.*s' is excluded by its writer and restored all the same: the "
                   "document names it",
                   VIEW_ARG(text));
    }
    if (claims->first[NAMED_PARTIAL] != MARK_NONE &&
        claims->first[NAMED_DIFFERENCED] != MARK_NONE) {
        draft_warn(draft,
                   "rule 7.7: '%.*s' is both a partial and a differenced file, which is an error "
                   "of the writer; it counts as differenced",
                   VIEW_ARG(text));
    }
}

/* The file goes to the set's unit, by this entry. A directed one is known by its destination. */
static void take_hit(struct walk *walk, uint32_t entry, uint32_t set, uint32_t number)
{
    struct draft *draft = walk->draft;
    struct draft_named *named = number != MARK_NONE ? &draft->named[number] : NULL;
    const bool directed = named != NULL && named->kind == NAMED_DIRECTED;
    const struct view name = directed ? named->target : index_name(draft->index, entry);
    walk_hit(walk, entry, set, (uint32_t)win_fold_hash(name))->named = number;
    if (named != NULL) {
        named->wanted = true;
    }
}

/* How the file is restored for the unit: its directed entries, each by itself (Q2); else as a
 * differenced, a partial, a ranges or a plain file. */
static void claims_grant(struct walk *walk, const struct claims *claims, uint32_t entry,
                         bool chosen)
{
    struct draft *draft = walk->draft;
    const uint32_t set = claims_set(draft, claims);
    if (set == MARK_NONE) {
        return;
    }
    const uint32_t part = claims->first[NAMED_PARTIAL];
    const uint32_t ranges_file = claims->first[NAMED_RANGES_FILE];
    for (uint32_t i = claims->first_named; i < claims->end_named; i++) {
        struct draft_named *named = &draft->named[walk->named_ids[i]];
        if (named->kind != NAMED_DIFFERENCED && !claims->lost) { /* which name one file */
            named->in_scope = true;
            named->set = set;
        }
    }
    if (!chosen) {
        draft->units[claims->unit].partial_selection = true;
        return;
    }
    draft->sets[set].owns = true;
    if (claims->first_named == claims->end_named) {
        take_hit(walk, entry, set, MARK_NONE);
        return;
    }
    claims_warn(draft, claims, entry);
    for (uint32_t i = claims->first_named; i < claims->end_named; i++) {
        if (draft->named[walk->named_ids[i]].kind == NAMED_DIRECTED && !claims->lost) {
            take_hit(walk, entry, set, walk->named_ids[i]);
        }
    }
    if (claims->first[NAMED_DIRECTED] == MARK_NONE) {
        const bool whole = part == MARK_NONE || claims->first[NAMED_DIFFERENCED] != MARK_NONE;
        take_hit(walk, entry, set, whole ? ranges_file : part);
    }
    if (ranges_file != MARK_NONE) {
        draft->named[ranges_file].wanted = true; /* as whatever it is restored */
    }
}

void named_take(struct walk *walk, uint32_t entry, const struct named_hits *hits)
{
    struct draft *draft = walk->draft;
    for (uint32_t s = 0, n = 0; s < hits->sets || n < hits->names;) {
        const uint32_t by_set = s < hits->sets ? draft->sets[walk->ids[s]].unit : MARK_NONE;
        const uint32_t by_name =
            n < hits->names ? draft->named[walk->named_ids[n]].unit : MARK_NONE;
        struct claims claims = {
            .unit = by_set < by_name ? by_set : by_name,
            .set = MARK_NONE,
            .first = {MARK_NONE, MARK_NONE, MARK_NONE, MARK_NONE},
            .lost = (draft->index->entries[entry].flags & INDEX_LOST) != 0,
            .followed = trace_follows(draft->trace, entry),
        };
        claims.excluded = walk_is_excluded(walk, claims.unit, hits->excluded);
        claims_take_named(walk, &claims, entry, &n, hits->names);
        claims_take_sets(walk, &claims, entry, &s, hits->sets);
        claims_grant(walk, &claims, entry, hits->chosen);
    }
}

void named_take_ranges_files(struct walk *walk)
{
    struct draft *draft = walk->draft;
    for (uint32_t i = 0; i < draft->named_count; i++) {
        const struct draft_named *partial = &draft->named[i];
        const uint32_t owner = partial->same != MARK_NONE ? partial->same : i;
        if (partial->kind != NAMED_PARTIAL || !draft->named[owner].wanted ||
            partial->files[0] == MARK_NONE) {
            continue;
        }
        uint32_t file = partial->files[0];
        file = draft->named[file].same != MARK_NONE ? draft->named[file].same : file;
        const struct draft_named *named = &draft->named[file];
        if (!named->wanted && named->media != MARK_NONE) {
            if (draft->sets[named->set].named == file) { /* no set holds it: whoever needs it */
                draft->sets[named->set].component = draft->sets[draft->named[owner].set].component;
            }
            take_hit(walk, named->media, named->set, file);
        }
    }
}
