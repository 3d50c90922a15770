/* named_ranges.c - which bytes: the lists of partial and directed entries, read and held against
 * what the media hold.
 *
 * Only entries that some file goes by are looked at; a list that nobody needs may say anything.
 * Ranges files come through plan_contents (rules 7.6): whole, checked, and small. */
#include "plan/named.h"

#include "base/heap.h"
#include "plan/coverage.h"
#include "vss/ranges.h"

#include <stdlib.h>

struct resolve {
    struct draft *draft;
    struct coverage coverage;
};

/* One list of an entry. */
struct list {
    uint32_t named;
    int side; /* 0: of the source, 1: of the destination */
    struct view text;
};

static enum refusal refusal_of(const struct draft_named *named)
{
    return named->kind == NAMED_PARTIAL ? REFUSAL_RANGES_INVALID : REFUSAL_DIRECTED_RANGES_INVALID;
}

static struct view source_text(struct draft *draft, const struct draft_named *named)
{
    return draft_source_text(draft, named->media);
}

/* --- lists and ranges files --- */

/* What a ranges file that cannot be read said when the backup was made: the media's own record of
 * what was saved. The file itself will fail when it is restored. */
static bool saved_ranges(struct draft *draft, const struct draft_named *named,
                         struct vss_ranges *out)
{
    const struct media_index *index = draft->index;
    const struct index_entry *e = &index->entries[coverage_data_entry(index, named->media)];
    if (named->kind != NAMED_PARTIAL || (e->flags & INDEX_PARTIAL) == 0) {
        return false;
    }
    *out = (struct vss_ranges){.list = ARENA_ARRAY(&draft->arena, struct vss_range, e->range_count),
                               .count = e->range_count};
    for (uint32_t i = 0; i < e->range_count; i++) {
        const struct index_range *range = &index->ranges[e->file.first_range + i];
        out->list[i] = (struct vss_range){range->offset, range->length};
    }
    return true;
}

static bool is_readable(const struct media_index *index, uint32_t media)
{
    return media != MARK_NONE && index->entries[media].kind == INDEX_FILE &&
           (index->entries[coverage_data_entry(index, media)].flags &
            (INDEX_PARTIAL | INDEX_LOST)) == 0;
}

static bool ranges_file_parse(struct draft *draft, const struct draft_named *named,
                              struct view bytes, struct view file, struct vss_ranges *out)
{
    const char *fault = NULL;
    uint64_t tail_bytes = 0;
    if (!vss_ranges_file_parse(&draft->arena, bytes, out, &tail_bytes, &fault)) {
        draft_refuse(draft, named->unit, refusal_of(named), "7.6", "the ranges file '%.*s': %s",
                     VIEW_ARG(file), fault);
        return false;
    }
    if (tail_bytes > 0) {
        draft_warn(draft, "rule 7.6: the ranges file '%.*s' has %llu bytes behind its ranges",
                   VIEW_ARG(file), (unsigned long long)tail_bytes);
    }
    if (named->kind == NAMED_DIRECTED) {
        draft_warn(draft, "rule 7.5: a directed target of '%.*s' takes its ranges from a file",
                   VIEW_ARG(source_text(draft, named)));
    }
    return true;
}

static bool ranges_file_take(struct draft *draft, const struct list *list, struct vss_ranges *out)
{
    const struct draft_named *named = &draft->named[list->named];
    const struct plan_contents *contents = draft->input->contents;
    const struct view name = out->file;
    const uint32_t number = named->files[list->side];
    if (number == MARK_NONE) {
        return false; /* GCOVR_EXCL_LINE: its path was none, and the unit is refused */
    }
    if (!is_readable(draft->index, draft->named[number].media)) {
        draft_refuse(draft, named->unit, REFUSAL_RANGES_FILE_MISSING, "7.6",
                     "the media do not hold '%.*s', the ranges file of '%.*s'", VIEW_ARG(name),
                     VIEW_ARG(source_text(draft, named)));
        return false;
    }
    vsr_error error = {0};
    struct buffer bytes = {0};
    bool right = contents != NULL && contents->read(contents->context, draft->named[number].media,
                                                    &bytes, &error) == VSR_OK;
    if (right) {
        right = ranges_file_parse(draft, named, buffer_view(&bytes), name, out);
    } else if (saved_ranges(draft, named, out)) {
        draft_warn(draft, "the ranges file '%.*s' cannot be read (%s): what was saved counts",
                   VIEW_ARG(name), error.what);
        right = true;
    } else {
        draft_refuse(draft, named->unit, REFUSAL_RANGES_FILE_MISSING, "7.6",
                     "the ranges file '%.*s' cannot be read: %s", VIEW_ARG(name), error.what);
    }
    buffer_free(&bytes);
    return right;
}

static bool list_take(struct draft *draft, const struct list *list, struct vss_ranges *out)
{
    const struct draft_named *named = &draft->named[list->named];
    const char *fault = NULL;
    size_t at = 0;
    if (!vss_ranges_parse(&draft->arena, list->text, out, &fault, &at)) {
        draft_refuse(draft, named->unit, refusal_of(named), "7.5",
                     "the ranges '%.*s' of '%.*s': %s at byte %zu", VIEW_ARG(list->text),
                     VIEW_ARG(source_text(draft, named)), fault, at);
        return false;
    }
    return !view_present(out->file) || ranges_file_take(draft, list, out);
}

/* --- entries --- */

/* dest NULL: the same as source. Empty pairs are no-ops (7.5). */
static void ranges_append(struct draft *draft, struct draft_named *named,
                          const struct vss_ranges *source, const struct vss_ranges *dest)
{
    struct plan_range *ranges =
        ARENA_ARRAY(&draft->arena, struct plan_range, (size_t)named->range_count + source->count);
    if (named->range_count > 0) {
        memcpy(ranges, named->ranges, named->range_count * sizeof *ranges);
    }
    for (uint32_t i = 0; i < source->count; i++) {
        const struct vss_range *from = &source->list[i];
        const struct vss_range *to = dest != NULL ? &dest->list[i] : from;
        if (from->length > 0) {
            ranges[named->range_count++] =
                (struct plan_range){from->offset, to->offset, from->length};
            named->range_bytes += from->length;
        }
    }
    named->ranges = ranges;
}

/* Several entries for one file: all that they list (each brings the same file's bytes). */
static void resolve_partial(struct draft *draft, uint32_t number)
{
    const struct draft_named *named = &draft->named[number];
    const struct bcd_partial_file *entry =
        &draft->units[named->unit].component->partial_files[named->number];
    const struct list list = {number, 0, entry->ranges};
    struct vss_ranges ranges;
    if (list_take(draft, &list, &ranges)) {
        ranges_append(draft, &draft->named[named->same != MARK_NONE ? named->same : number],
                      &ranges, NULL);
    }
}

static void resolve_directed(struct draft *draft, uint32_t number)
{
    struct draft_named *named = &draft->named[number];
    const struct bcd_directed_target *entry =
        &draft->units[named->unit].component->directed_targets[named->number];
    const struct list lists[2] = {{number, 0, entry->source_ranges},
                                  {number, 1, entry->destination_ranges}};
    struct vss_ranges source;
    struct vss_ranges dest;
    if (!list_take(draft, &lists[0], &source) || !list_take(draft, &lists[1], &dest)) {
        return;
    }
    if (source.count != dest.count) {
        draft_refuse(draft, named->unit, REFUSAL_DIRECTED_RANGES_INVALID, "7.8",
                     "the directed target of '%.*s' has %u source and %u destination ranges",
                     VIEW_ARG(source_text(draft, named)), source.count, dest.count);
        return;
    }
    for (uint32_t i = 0; i < source.count; i++) {
        if (source.list[i].length != dest.list[i].length) {
            draft_refuse(draft, named->unit, REFUSAL_DIRECTED_RANGES_INVALID, "7.8",
                         "range %u of the directed target of '%.*s' has %llu bytes at its source "
                         "and %llu at its destination",
                         i + 1, VIEW_ARG(source_text(draft, named)),
                         (unsigned long long)source.list[i].length,
                         (unsigned long long)dest.list[i].length);
            return;
        }
    }
    ranges_append(draft, named, &source, &dest);
}

/* --- what the media hold --- */

/* T52, 7.8: each range must have been saved. */
static void check_coverage(struct resolve *resolve, const struct draft_file *file)
{
    struct draft *draft = resolve->draft;
    const struct draft_named *named = &draft->named[file->named];
    const bool partial = named->kind == NAMED_PARTIAL;
    if (draft->index->entries[file->entry].kind != INDEX_FILE) {
        draft_refuse(draft, named->unit, refusal_of(named), partial ? "7.7" : "7.8",
                     "'%.*s' is no regular file and has no ranges",
                     VIEW_ARG(draft_source_text(draft, file->entry)));
        return;
    }
    coverage_of(&resolve->coverage, draft->index, file->entry);
    for (uint32_t i = 0; i < named->range_count; i++) {
        const struct plan_range *range = &named->ranges[i];
        if (!coverage_holds(&resolve->coverage, range->source, range->length)) {
            draft_refuse(draft, named->unit, refusal_of(named), partial ? "7.7" : "7.8",
                         "the media do not hold all of the range %llu:%llu of '%.*s'",
                         (unsigned long long)range->source, (unsigned long long)range->length,
                         VIEW_ARG(draft_source_text(draft, file->entry)));
            return;
        }
    }
}

/* Ranges end to end, laid down whole, would be wrong bytes. */
static void check_whole(struct draft *draft, const struct draft_file *file)
{
    if (file->saved_ranges) {
        draft_refuse(draft, draft->sets[file->set].unit, REFUSAL_RANGES_INVALID, "7.7",
                     "the media hold only ranges of '%.*s', and the component has no partial file "
                     "for them",
                     VIEW_ARG(draft_source_text(draft, file->entry)));
    }
}

static void check_files(struct resolve *resolve)
{
    const struct draft *draft = resolve->draft;
    for (uint32_t i = 0; i < draft->file_count; i++) {
        const struct draft_file *file = &draft->files[i];
        const uint32_t unit = draft->sets[file->set].unit;
        if (draft->units[unit].refusal != REFUSAL_NONE ||
            !draft_copies(draft, &draft->units[unit])) {
            continue;
        }
        if (draft_goes_by(draft, file, NAMED_PARTIAL) ||
            draft_goes_by(draft, file, NAMED_DIRECTED)) {
            check_coverage(resolve, file);
        } else {
            check_whole(resolve->draft, file);
        }
    }
}

/* --- destinations that several entries share --- */

static int by_dest(const void *left, const void *right)
{
    const struct plan_range *a = left;
    const struct plan_range *b = right;
    return (int)(a->dest > b->dest) - (int)(a->dest < b->dest);
}

bool named_overlap(const struct draft *draft, const uint32_t *named, uint32_t count)
{
    size_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        total += draft->named[named[i]].range_count;
    }
    struct plan_range *all = heap_alloc(total, sizeof *all);
    size_t n = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct draft_named *one = &draft->named[named[i]];
        if (one->range_count > 0) {
            memcpy(all + n, one->ranges, one->range_count * sizeof *all);
        }
        n += one->range_count;
    }
    qsort(all, n, sizeof *all, by_dest);
    bool overlap = false;
    for (size_t i = 1; i < n && !overlap; i++) {
        overlap = all[i].dest < all[i - 1].dest + all[i - 1].length;
    }
    free(all);
    return overlap;
}

/* By unit and destination as the document spells it; the same for one destination. */
static int by_destination(const void *left, const void *right, void *context)
{
    const struct draft *draft = context;
    const struct draft_named *a = &draft->named[*(const uint32_t *)left];
    const struct draft_named *b = &draft->named[*(const uint32_t *)right];
    const struct win_path *x = &draft->bases[a->base].directory.path;
    const struct win_path *y = &draft->bases[b->base].directory.path;
    if (a->unit != b->unit) {
        return a->unit < b->unit ? -1 : 1;
    }
    int order = win_fold_compare(a->target, b->target);
    order = order != 0 ? order : win_fold_compare(x->volume, y->volume);
    return order != 0 ? order : win_fold_compare(x->rest, y->rest);
}

/* T60, by the paths as the document spells them: a fault of the document, wherever they lead.
 * What else turns out to be one file is collide.c's to find. */
static void check_overlaps(struct draft *draft)
{
    uint32_t count = 0;
    uint32_t *named = heap_alloc(draft->named_count, sizeof *named);
    for (uint32_t i = 0; i < draft->named_count; i++) {
        const struct draft_named *one = &draft->named[i];
        if (one->wanted && one->kind == NAMED_DIRECTED &&
            draft->bases[one->base].directory.status == CANON_OK) {
            named[count++] = i;
        }
    }
    qsort_r(named, count, sizeof *named, by_destination, draft);
    for (uint32_t first = 0, end = 0; first < count; first = end) {
        for (end = first; end < count && by_destination(&named[first], &named[end], draft) == 0;) {
            end++;
        }
        const struct draft_named *one = &draft->named[named[first]];
        if (named_overlap(draft, &named[first], end - first)) {
            draft_refuse(draft, one->unit, REFUSAL_DIRECTED_RANGES_INVALID, "7.8",
                         "directed targets write the same bytes of '%.*s' in '%.*s'",
                         VIEW_ARG(one->target), VIEW_ARG(draft->bases[one->base].text));
        }
    }
    free(named);
}

void named_resolve(struct draft *draft)
{
    struct resolve resolve = {draft, COVERAGE_NONE};
    for (uint32_t i = 0; i < draft->named_count; i++) {
        const struct draft_named *named = &draft->named[i];
        const bool wanted =
            named->wanted || (named->same != MARK_NONE && draft->named[named->same].wanted);
        if (!wanted || draft->units[named->unit].refusal != REFUSAL_NONE) {
            continue;
        }
        if (named->kind == NAMED_PARTIAL) {
            resolve_partial(draft, i);
        } else if (named->kind == NAMED_DIRECTED) {
            resolve_directed(draft, i);
        }
    }
    if (draft->named_count > 0 || draft->has_saved_ranges) {
        check_files(&resolve);
    }
    if (draft->named_count > 0) {
        check_overlaps(draft);
    }
    coverage_free(&resolve.coverage);
}
