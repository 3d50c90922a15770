/* check_finding.c - the list of findings: bounded, sorted, with Windows paths.
 *
 * Workers add in any order; the caller's thread sorts and tells them when all work has ended, so
 * that the same damage always gives the same list. */
#include "media/check_finding.h"

#include "base/heap.h"
#include "base/limits.h"

#include <stdlib.h>

static void findings_mark(struct findings *findings, uint32_t entry)
{
    if (findings->damaged == NULL || entry >= findings->entry_count) {
        return;
    }
    const uint8_t bit = (uint8_t)(1u << entry % 8);
    if ((findings->damaged[entry / 8] & bit) == 0) {
        findings->damaged[entry / 8] |= bit;
        findings->damaged_files++;
    }
}

void findings_add(struct findings *findings, struct finding finding)
{
    (void)pthread_mutex_lock(&findings->lock);
    findings->total++;
    findings->media |= finding.code == VSR_ERR_MEDIA;
    findings->unreadable |= finding.code != VSR_ERR_MEDIA;
    findings_mark(findings, finding.entry);
    if (findings->count < CHECK_FINDINGS_MAX) {
        finding.why = arena_copy(&findings->arena, finding.why);
        findings->items = heap_grow(findings->items, findings->count, &findings->capacity,
                                    sizeof *findings->items);
        findings->items[findings->count++] = finding;
    }
    (void)pthread_mutex_unlock(&findings->lock);
}

void findings_add_error(struct findings *findings, enum finding_structure structure,
                        uint32_t number, uint64_t offset, const vsr_error *error)
{
    findings_add(findings, (struct finding){.code = error->code == VSR_ERR_MEDIA_UNREADABLE
                                                        ? VSR_ERR_MEDIA_UNREADABLE
                                                        : VSR_ERR_MEDIA,
                                            .structure = structure,
                                            .number = number,
                                            .offset = offset,
                                            .entry = MARK_NONE,
                                            .why = view_of(error->what),
                                            .is_sentence = true});
}

uint64_t findings_of_pack(const struct findings *findings, uint32_t pack)
{
    uint64_t count = 0;
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *f = &findings->items[i];
        count += f->structure == FOUND_PACK && f->number == pack;
    }
    return count;
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int finding_order(const void *a, const void *b)
{
    const struct finding *x = a;
    const struct finding *y = b;
    int order = compare_u64(x->structure, y->structure);
    order = order != 0 ? order : compare_u64(x->number, y->number);
    order = order != 0 ? order : compare_u64(x->offset, y->offset);
    order = order != 0 ? order : compare_u64(x->entry, y->entry);
    return order != 0 ? order : view_compare(x->why, y->why);
}

static void structure_name(const struct finding *finding, const struct media_set *set,
                           struct buffer *out)
{
    switch (finding->structure) {
    case FOUND_SET_JSON:
        buffer_add_view(out, VIEW(SET_JSON_NAME));
        return;
    case FOUND_INDEX:
        buffer_add_view(out, VIEW(INDEX_NAME));
        return;
    case FOUND_DOCUMENT:
        buffer_add_view(out, VIEW(SET_DOCUMENTS "/"));
        buffer_add_view(out, set->description.documents[finding->number].name);
        return;
    case FOUND_PACK:
        buffer_add_view(out, VIEW(SET_PACKS "/"));
        buffer_add_view(out, set->description.packs[finding->number].name);
        return;
    }
}

/* "C:", "\\?\Volume{...}", "\\server\share", or the folder where the volume was mounted. */
static struct view volume_spec(const struct set_volume *volume)
{
    const struct view specs[] = {volume->letter, volume->guid, volume->unc,
                                 volume->mount_count > 0 ? volume->mounts[0] : VIEW_NONE};
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        if (view_present(specs[i])) {
            return specs[i];
        }
    }
    return volume->prefix;
}

static void windows_path(const struct media_set *set, uint32_t entry, struct buffer *out)
{
    struct view spec = volume_spec(&set->description.volumes[set->index.entries[entry].volume]);
    while (spec.n > 0 && spec.p[spec.n - 1] == '\\') {
        spec.n--;
    }
    buffer_add_view(out, spec);
    buffer_add_char(out, '\\');
    buffer_reserve(out, WIN_PATH_BYTES_MAX);
    out->n += index_path(&set->index, entry, '\\', out->p + out->n, WIN_PATH_BYTES_MAX);
}

static void finding_sentence(const struct finding *finding, struct view structure, struct view path,
                             struct buffer *out)
{
    const unsigned long long offset = finding->offset;
    if (finding->is_sentence) { /* and may name no place */
        buffer_add_view(out, finding->why);
        buffer_printf(out, " (%.*s, byte %llu)", VIEW_ARG(structure), offset);
    } else if (view_present(path)) {
        buffer_add_view(out, path);
        buffer_printf(out, finding->code == VSR_ERR_MEDIA ? " is damaged: " : " cannot be read: ");
        buffer_add_view(out, finding->why);
        buffer_printf(out, ", in ");
        buffer_add_view(out, structure);
        buffer_printf(out, " at byte %llu", offset);
    } else {
        buffer_add_view(out, structure);
        buffer_printf(out, " %s at byte %llu: ",
                      finding->code == VSR_ERR_MEDIA ? "is damaged" : "cannot be read", offset);
        buffer_add_view(out, finding->why);
    }
}

void findings_report(struct findings *findings, const struct media_set *set, check_report *report,
                     void *context)
{
    struct buffer structure = {0};
    struct buffer path = {0};
    struct buffer what = {0};
    if (findings->count > 0) {
        qsort(findings->items, findings->count, sizeof *findings->items, finding_order);
    }
    for (size_t i = 0; i < findings->count && report != NULL; i++) {
        const struct finding *finding = &findings->items[i];
        structure.n = path.n = what.n = 0;
        structure_name(finding, set, &structure);
        if (finding->entry != MARK_NONE) {
            windows_path(set, finding->entry, &path);
        }
        const struct view path_view = path.n > 0 ? buffer_view(&path) : VIEW_NONE;
        finding_sentence(finding, buffer_view(&structure), path_view, &what);
        report(context, &(struct check_finding){.code = finding->code,
                                                .structure = buffer_view(&structure),
                                                .offset = finding->offset,
                                                .path = path_view,
                                                .what = buffer_view(&what)});
    }
    buffer_free(&structure);
    buffer_free(&path);
    buffer_free(&what);
}

void findings_fini(struct findings *findings)
{
    (void)pthread_mutex_destroy(&findings->lock);
    arena_free(&findings->arena);
    free(findings->items);
    free(findings->damaged);
}
