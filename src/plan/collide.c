/* collide.c - what it means that files meet at one destination (same_place.h): one record for
 * several units, entries of one file, or a conflict.
 *
 * Which unit is refused never depends on the order in which groups are looked at: they are judged
 * by who was refused before, then all refusals are carried out. */
#include "plan/collide.h"

#include "base/heap.h"
#include "plan/named.h"
#include "plan/same_place.h"

#include <stdlib.h>

struct groups {
    struct draft *draft;
    struct same_place met;
    struct verdict {
        uint32_t unit;
        enum refusal refusal;
        uint32_t file, other;
    } * verdicts;
    uint32_t verdict_count;
    size_t verdict_capacity;
};

static int number_compare(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left;
    const uint32_t b = *(const uint32_t *)right;
    return (int)(a > b) - (int)(a < b);
}

/* --- one file of the media in several units (ruling 8) --- */

static void share(struct draft *draft, uint32_t number, uint32_t owner)
{
    draft->shared = heap_grow(draft->shared, draft->shared_count, &draft->shared_capacity,
                              sizeof *draft->shared);
    draft->shared[draft->shared_count++] =
        (struct draft_shared){draft->sets[draft->files[number].set].unit, number, owner};
    draft->files[number].shared = 1;
    if (trace_follows(draft->trace, draft->files[number].entry)) {
        trace_note(draft->trace, "shared", draft->sets[draft->files[number].set].unit, "ruling 8",
                   "%.*s brings it to the same place: that one's record stands for both",
                   VIEW_ARG(draft_unit_text(draft, draft->sets[draft->files[owner].set].unit)));
    }
}

static int entry_compare(const void *left, const void *right, void *context)
{
    const struct draft_file *files = context;
    const uint32_t a = files[*(const uint32_t *)left].entry;
    const uint32_t b = files[*(const uint32_t *)right].entry;
    return a != b ? (int)(a > b) - (int)(a < b) : number_compare(left, right);
}

/* Would one record do for both? Of partial files only if they bring the same ranges; directed
 * entries are each unit's own. */
static bool is_same_content(const struct draft *draft, const struct draft_file *a,
                            const struct draft_file *b)
{
    if (a->entry != b->entry || draft_goes_by(draft, a, NAMED_DIRECTED) ||
        draft_goes_by(draft, b, NAMED_DIRECTED) ||
        draft_has_ranges(draft, a) != draft_has_ranges(draft, b)) {
        return false;
    }
    if (!draft_has_ranges(draft, a)) {
        return true;
    }
    const struct draft_named *x = &draft->named[a->named];
    const struct draft_named *y = &draft->named[b->named];
    return x->range_count == y->range_count &&
           (x->range_count == 0 ||
            memcmp(x->ranges, y->ranges, x->range_count * sizeof *x->ranges) == 0);
}

/* Who has the record for this member: the first that brings the same, whatever stands between (a
 * unit's ranges of the file, say), or the member itself. same_entry: its media entry's first. */
static uint32_t group_owner(const struct groups *groups, uint32_t member, uint32_t same_entry)
{
    const struct draft *draft = groups->draft;
    const struct draft_file *file = &draft->files[groups->met.members[member]];
    if (draft_goes_by(draft, file, NAMED_DIRECTED)) {
        return member;
    }
    for (uint32_t i = same_entry; i < member; i++) {
        const struct draft_file *earlier = &draft->files[groups->met.members[i]];
        if (earlier->shared == 0 && is_same_content(draft, file, earlier)) {
            return i;
        }
    }
    return member;
}

static void group_share(struct groups *groups, uint32_t count)
{
    struct draft *draft = groups->draft;
    qsort_r(groups->met.members, count, sizeof *groups->met.members, entry_compare, draft->files);
    for (uint32_t i = 1, same_entry = 0; i < count; i++) {
        const uint32_t number = groups->met.members[i];
        if (draft->files[number].entry != draft->files[groups->met.members[same_entry]].entry) {
            same_entry = i;
        }
        const uint32_t owner = group_owner(groups, i, same_entry);
        if (owner != i) {
            share(draft, number, groups->met.members[owner]);
        }
    }
}

static int shared_compare(const void *left, const void *right)
{
    return number_compare(&((const struct draft_shared *)left)->file,
                          &((const struct draft_shared *)right)->file);
}

/* Ruling 28. Files stand by unit, so an owner's fate is known before that of who depends. */
static void pass_on_refusals(struct draft *draft)
{
    for (uint32_t i = 0; i < draft->shared_count; i++) {
        const struct draft_shared *shared = &draft->shared[i];
        const uint32_t owner = draft->sets[draft->files[shared->owner].set].unit;
        if (draft->units[owner].refusal != REFUSAL_NONE) {
            draft_refuse(draft, shared->unit, draft->units[owner].refusal, "ruling 28",
                         "it shares '%.*s' with %.*s, which is refused",
                         VIEW_ARG(draft_source_text(draft, draft->files[shared->file].entry)),
                         VIEW_ARG(draft_unit_text(draft, owner)));
        }
    }
}

/* --- directed entries with one destination (7.8) --- */

/* Several entries of a unit write into one file: the first stands for all of them. */
static void group_join(struct groups *groups, uint32_t count)
{
    struct draft *draft = groups->draft;
    uint32_t first = MARK_NONE;
    for (uint32_t i = 0; i < count; i++) { /* by unit */
        const struct draft_file *file = &draft->files[groups->met.members[i]];
        if (!draft_goes_by(draft, file, NAMED_DIRECTED)) {
            continue;
        }
        if (first != MARK_NONE &&
            draft->sets[draft->files[first].set].unit == draft->sets[file->set].unit) {
            draft->named[file->named].owner = first;
        } else {
            first = groups->met.members[i];
        }
    }
}

static bool is_joined(const struct draft *draft, const struct draft_file *file)
{
    return draft_goes_by(draft, file, NAMED_DIRECTED) &&
           draft->named[file->named].owner != MARK_NONE;
}

/* --- different files at one place --- */

static bool is_out(const struct draft *draft, uint32_t number)
{
    const struct draft_file *file = &draft->files[number];
    return file->shared != 0 || file->place == MARK_NONE || is_joined(draft, file) ||
           draft->units[draft->sets[file->set].unit].refusal != REFUSAL_NONE;
}

static void judge(struct groups *groups, uint32_t number, enum refusal refusal, uint32_t other)
{
    groups->verdicts = heap_grow(groups->verdicts, groups->verdict_count, &groups->verdict_capacity,
                                 sizeof *groups->verdicts);
    groups->verdicts[groups->verdict_count++] =
        (struct verdict){groups->draft->sets[groups->draft->files[number].set].unit, refusal,
                         number, other};
}

/* Entries that are spelled apart and lead to one file may still write the same byte (T60). */
static void group_judge_joined(struct groups *groups, uint32_t count)
{
    const struct draft *draft = groups->draft;
    uint32_t *named = heap_alloc(count, sizeof *named);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t first = groups->met.members[i];
        uint32_t joined = 0;
        for (uint32_t k = i; k < count; k++) {
            const struct draft_file *file = &draft->files[groups->met.members[k]];
            if (draft_goes_by(draft, file, NAMED_DIRECTED) &&
                (k == i || draft->named[file->named].owner == first)) {
                named[joined++] = file->named;
            }
        }
        if (joined > 1 && !is_out(draft, first) && named_overlap(draft, named, joined)) {
            judge(groups, first, REFUSAL_DIRECTED_RANGES_INVALID, groups->met.members[i + 1]);
        }
    }
    free(named);
}

/* Are two of them the same file of the media, one in ranges? Or is one directed there? */
static bool group_has_ranges(const struct draft *draft, const uint32_t *members, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct draft_file *file = &draft->files[members[i]];
        bool twice = draft_goes_by(draft, file, NAMED_DIRECTED);
        for (uint32_t k = 0; k < count && draft_has_ranges(draft, file) && !twice; k++) {
            twice = k != i && draft->files[members[k]].entry == file->entry;
        }
        if (twice) {
            return true;
        }
    }
    return false;
}

/* Names of one media directory that differ by case alone may stand side by side where the
 * destination tells them apart (ruling 21); all else is a conflict (5.9, T48). */
static enum refusal group_refusal(const struct draft *draft, const uint32_t *members,
                                  uint32_t count)
{
    const struct draft_file *first = &draft->files[members[0]];
    const struct index_entry *entries = draft->index->entries;
    bool side_by_side = draft->places.list[first->place].case_sensitive;
    if (group_has_ranges(draft, members, count)) {
        return REFUSAL_DESTINATION_CONFLICT;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct draft_file *file = &draft->files[members[i]];
        if (entries[file->entry].parent != entries[first->entry].parent) {
            return REFUSAL_DESTINATION_CONFLICT;
        }
        side_by_side &= file->name == MARK_NONE;
    }
    return side_by_side ? REFUSAL_NONE : REFUSAL_CASE_COLLISION;
}

static bool is_unprotected(const struct draft *draft, uint32_t number)
{
    return draft->units[draft->sets[draft->files[number].set].unit].unprotected;
}

/* A file of no component never overrides a component's (5.8). */
static void group_give_way(struct groups *groups, uint32_t count)
{
    struct draft *draft = groups->draft;
    bool owned = false;
    for (uint32_t i = 0; i < count; i++) {
        owned |= !is_out(draft, groups->met.members[i]) &&
                 !is_unprotected(draft, groups->met.members[i]);
    }
    for (uint32_t i = 0; owned && i < count; i++) {
        struct draft_file *file = &draft->files[groups->met.members[i]];
        if (is_unprotected(draft, groups->met.members[i]) && file->place != MARK_NONE) {
            draft_warn(draft, "rule 5.8: '%.*s', of no component, gives way to a component's file",
                       VIEW_ARG(draft_source_text(draft, file->entry)));
            file->place = MARK_NONE;
        }
    }
}

static void group_judge(struct groups *groups, uint32_t count)
{
    struct draft *draft = groups->draft;
    uint32_t left = 0;
    group_give_way(groups, count);
    group_judge_joined(groups, count);
    for (uint32_t i = 0; i < count; i++) {
        if (!is_out(draft, groups->met.members[i])) {
            groups->met.members[left++] = groups->met.members[i];
        }
    }
    const enum refusal refusal =
        left < 2 ? REFUSAL_NONE : group_refusal(draft, groups->met.members, left);
    for (uint32_t i = 0; refusal != REFUSAL_NONE && i < left; i++) {
        judge(groups, groups->met.members[i], refusal, groups->met.members[i == 0 ? 1 : 0]);
    }
}

/* The same of a file and a directory. */
static enum refusal directory_refusal(const struct draft *draft, const struct draft_file *file,
                                      uint32_t directory)
{
    const struct place *place = &draft->places.list[directory];
    const struct index_entry *entries = draft->index->entries;
    if (place->catalogue == MARK_NONE || draft_goes_by(draft, file, NAMED_DIRECTED) ||
        entries[place->catalogue].parent != entries[file->entry].parent) {
        return REFUSAL_DESTINATION_CONFLICT;
    }
    const bool side_by_side = draft->places.list[file->place].case_sensitive &&
                              !view_equal(place->name, draft_name(draft, file));
    return side_by_side ? REFUSAL_NONE : REFUSAL_CASE_COLLISION;
}

/* A file where another unit (or the same) needs a directory that is to be made. */
static void judge_directories(struct groups *groups)
{
    struct draft *draft = groups->draft;
    bool *has_child = ARENA_ARRAY(&draft->arena, bool, draft->places.count);
    uint32_t *needed_by = ARENA_ARRAY(&draft->arena, uint32_t, draft->places.count);
    memset(needed_by, 0xFF, draft->places.count * sizeof *needed_by); /* MARK_NONE */
    for (uint32_t i = 0; i < draft->file_count; i++) {
        uint32_t at = is_out(draft, i) ? MARK_NONE : draft->files[i].place;
        while (at != MARK_NONE && needed_by[at] == MARK_NONE) {
            needed_by[at] = i;
            at = draft->places.list[at].parent;
            if (at != MARK_NONE) {
                has_child[at] = true;
            }
        }
    }
    for (uint32_t i = 0; i < draft->file_count; i++) {
        const struct draft_file *file = &draft->files[i];
        if (is_out(draft, i) || file->place == MARK_NONE || draft_is_directory(file) ||
            !has_child[file->place]) {
            continue;
        }
        size_t step = 0;
        uint32_t child = MARK_NONE;
        while ((child = place_next(&draft->places, file->place, draft_name(draft, file), &step)) !=
               MARK_NONE) {
            const enum refusal refusal = needed_by[child] == MARK_NONE
                                             ? REFUSAL_NONE
                                             : directory_refusal(draft, file, child);
            if (refusal != REFUSAL_NONE) {
                judge(groups, i, refusal, needed_by[child]);
                judge(groups, needed_by[child], refusal, i);
            }
        }
    }
}

static void carry_out(struct groups *groups)
{
    struct draft *draft = groups->draft;
    for (uint32_t i = 0; i < groups->verdict_count; i++) {
        const struct verdict *v = &groups->verdicts[i];
        const struct draft_file *file = &draft->files[v->file];
        const struct view at =
            place_text(&draft->places, &draft->arena, file->place,
                       draft_is_directory(file) ? VIEW("") : draft_name(draft, file));
        const bool case_only = v->refusal == REFUSAL_CASE_COLLISION;
        const bool ranges = v->refusal == REFUSAL_DIRECTED_RANGES_INVALID;
        draft_refuse(draft, v->unit, v->refusal,
                     case_only ? "ruling 21"
                     : ranges  ? "7.8"
                               : "5.9",
                     "'%.*s' and '%.*s' would both go to '%.*s'%s",
                     VIEW_ARG(draft_source_text(draft, file->entry)),
                     VIEW_ARG(draft_source_text(draft, draft->files[v->other].entry)), VIEW_ARG(at),
                     case_only ? ", where case makes no difference"
                     : ranges  ? ", and to the same bytes of it"
                               : "");
    }
}

void collide_files(struct draft *draft)
{
    struct groups groups = {.draft = draft};
    same_place_find(&groups.met, draft);
    for (uint32_t i = 0; i < groups.met.head_count; i++) {
        const uint32_t count = same_place_members(&groups.met, groups.met.heads[i]);
        group_join(&groups, count);
        group_share(&groups, count);
    }
    if (draft->shared_count > 1) {
        qsort(draft->shared, draft->shared_count, sizeof *draft->shared, shared_compare);
    }
    pass_on_refusals(draft);
    for (uint32_t i = 0; i < groups.met.head_count; i++) {
        group_judge(&groups, same_place_members(&groups.met, groups.met.heads[i]));
    }
    judge_directories(&groups);
    carry_out(&groups);
    pass_on_refusals(draft);
    same_place_free(&groups.met);
    free(groups.verdicts);
}
