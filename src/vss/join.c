/* join.c - the documents of one backup, put together.
 *
 * First by the stored ids, which agree within one backup; what is left over by which WMD of the
 * class holds the components, since logical path and name are unique over all instances of a
 * class (rules 2.3). A WMD that is another part's by its ids is nobody else's. */
#include "vss/join.h"

#include "base/limits.h"

#include <stdlib.h>

/* --- writer and instance ids are unique --- */

struct identity {
    const struct wmd *wmd;
};

static int compare_ids(const struct wmd *a, const struct wmd *b)
{
    const int order = memcmp(&a->writer_id, &b->writer_id, sizeof a->writer_id);
    return order != 0 ? order : memcmp(&a->instance_id, &b->instance_id, sizeof a->instance_id);
}

static int compare_identities(const void *a, const void *b)
{
    const struct identity *x = a;
    const struct identity *y = b;
    const int order = compare_ids(x->wmd, y->wmd);
    return order != 0 ? order : (x->wmd > y->wmd) - (x->wmd < y->wmd);
}

static vsr_code check_unique(struct documents *documents, vsr_error *error)
{
    struct identity *order = ARENA_ARRAY(&documents->arena, struct identity, documents->wmd_count);
    for (uint32_t i = 0; i < documents->wmd_count; i++) {
        order[i].wmd = &documents->wmds[i];
    }
    qsort(order, documents->wmd_count, sizeof *order, compare_identities);
    for (uint32_t i = 1; i < documents->wmd_count; i++) {
        if (compare_ids(order[i - 1].wmd, order[i].wmd) != 0) {
            continue;
        }
        struct view names = order[i - 1].wmd->file_name;
        for (uint32_t k = i; k < documents->wmd_count && names.n < 300 &&
                             compare_ids(order[i - 1].wmd, order[k].wmd) == 0;
             k++) {
            names = arena_printf(&documents->arena, "%s, %s", names.p, order[k].wmd->file_name.p);
        }
        char id[UUID_TEXT_BYTES];
        uuid_text(&order[i].wmd->writer_id, id);
        return err_set(error, VSR_ERR_DOCUMENT, "vss/join",
                       "Writer Metadata Documents with the same writer id %s and instance id: %s",
                       id, names.p);
    }
    return VSR_OK;
}

/* The same of the parts of the Backup Components Document: a writer's components stand in one. */
static vsr_code check_parts(const struct documents *documents, vsr_error *error)
{
    const struct bcd *bcd = &documents->bcd;
    for (uint32_t i = 1; i < bcd->writer_count; i++) {
        const struct bcd_writer *writer = &bcd->writers[i];
        for (uint32_t k = 0; k < i; k++) {
            if (uuid_equal(&writer->writer_id, &bcd->writers[k].writer_id) &&
                uuid_equal(&writer->instance_id, &bcd->writers[k].instance_id)) {
                char id[UUID_TEXT_BYTES];
                uuid_text(&writer->writer_id, id);
                return err_set(error, VSR_ERR_DOCUMENT, "vss/join",
                               "%.*s, line %u, byte %llu: a second part of writer %s with the "
                               "instance id of the one in line %u",
                               VIEW_ARG(bcd->file_name), writer->place.line,
                               (unsigned long long)writer->place.byte, id,
                               bcd->writers[k].place.line);
            }
        }
    }
    return VSR_OK;
}

/* --- which WMD --- */

static uint32_t find_by_ids(const struct documents *documents, const struct bcd_writer *writer)
{
    for (uint32_t i = 0; i < documents->wmd_count; i++) {
        if (uuid_equal(&documents->wmds[i].writer_id, &writer->writer_id) &&
            uuid_equal(&documents->wmds[i].instance_id, &writer->instance_id)) {
            return i;
        }
    }
    return MARK_NONE;
}

static uint32_t count_held(const struct wmd *wmd, const struct bcd_writer *writer)
{
    uint32_t held = 0;
    bool folded = false;
    for (uint32_t i = 0; i < writer->component_count; i++) {
        held += wmd_component_find(wmd, writer->components[i].logical_path,
                                   writer->components[i].name, &folded) != MARK_NONE;
    }
    return held;
}

/* The free WMD of the class that holds most of the writer's components; none, or two with the
 * same number: MARK_NONE. */
static uint32_t find_by_components(const struct documents *documents,
                                   const struct bcd_writer *writer, const bool *taken)
{
    uint32_t best = MARK_NONE;
    uint32_t best_held = 0;
    for (uint32_t i = 0; i < documents->wmd_count; i++) {
        if (taken[i] || !uuid_equal(&documents->wmds[i].writer_id, &writer->writer_id)) {
            continue;
        }
        const uint32_t held = count_held(&documents->wmds[i], writer);
        if (held > best_held) {
            best = i;
            best_held = held;
        } else if (held == best_held) {
            best = MARK_NONE;
        }
    }
    return best;
}

static void warn(struct documents *documents, struct vss_warnings *warnings,
                 const struct vss_place *place, struct view what)
{
    vss_warnings_add(warnings, &documents->arena,
                     arena_printf(&documents->arena, "%.*s, line %u, byte %llu: %.*s",
                                  VIEW_ARG(documents->bcd.file_name), place->line,
                                  (unsigned long long)place->byte, VIEW_ARG(what)));
}

static void warn_about_writer(struct documents *documents, uint32_t index,
                              struct vss_warnings *warnings)
{
    const struct bcd_writer *writer = &documents->bcd.writers[index];
    const uint32_t wmd = documents->writer_wmd[index];
    char id[UUID_TEXT_BYTES];
    uuid_text(&writer->writer_id, id);
    warn(documents, warnings, &writer->place,
         wmd == MARK_NONE
             ? arena_printf(&documents->arena, "no Writer Metadata Document for writer %s", id)
             : arena_printf(&documents->arena,
                            "writer %s: no document has its instance id; %s is taken, which has "
                            "its components (rules 2.3)",
                            id, documents->wmds[wmd].file_name.p));
}

/* --- components --- */

static void check_component(struct documents *documents, const struct wmd *wmd,
                            struct bcd_component *component, struct vss_warnings *warnings)
{
    bool folded = false;
    const uint32_t found =
        wmd_component_find(wmd, component->logical_path, component->name, &folded);
    if (found == MARK_NONE) {
        return; /* the planner's to refuse: the documents disagree */
    }
    if (folded) {
        warn(documents, warnings, &component->place,
             arena_printf(&documents->arena,
                          "the component \"%.*s\" is \"%.*s\" in %s: taken as the same (rules 4.3)",
                          VIEW_ARG(component->name), VIEW_ARG(wmd->components[found].name),
                          wmd->file_name.p));
    }
    const enum vss_component_type type = wmd->components[found].type;
    if (component->type == COMPONENT_UNDEFINED || component->type == type ||
        view_present(component->fault)) {
        return;
    }
    component->fault =
        arena_printf(/* rules T74 */
                     &documents->arena,
                     "%.*s, line %u, byte %llu: the component \"%.*s\" is a %s here and a %s in %s",
                     VIEW_ARG(documents->bcd.file_name), component->place.line,
                     (unsigned long long)component->place.byte, VIEW_ARG(component->name),
                     vss_component_type_text(component->type), vss_component_type_text(type),
                     wmd->file_name.p);
    component->fault_unknown = false;
}

vsr_code documents_join(struct documents *documents, struct vss_warnings *warnings,
                        vsr_error *error)
{
    struct bcd *bcd = &documents->bcd;
    vsr_code rc = check_unique(documents, error);
    if (rc == VSR_OK) {
        rc = check_parts(documents, error);
    }
    if (rc != VSR_OK) {
        return rc;
    }
    documents->writer_wmd = ARENA_ARRAY(&documents->arena, uint32_t, bcd->writer_count);
    bool *taken = ARENA_ARRAY(&documents->arena, bool, documents->wmd_count);
    for (uint32_t w = 0; w < bcd->writer_count; w++) {
        documents->writer_wmd[w] = find_by_ids(documents, &bcd->writers[w]);
        if (documents->writer_wmd[w] != MARK_NONE) {
            taken[documents->writer_wmd[w]] = true;
        }
    }
    for (uint32_t w = 0; w < bcd->writer_count; w++) {
        if (documents->writer_wmd[w] == MARK_NONE) {
            documents->writer_wmd[w] = find_by_components(documents, &bcd->writers[w], taken);
            warn_about_writer(documents, w, warnings);
        }
    }
    for (uint32_t w = 0; w < bcd->writer_count; w++) {
        if (documents->writer_wmd[w] == MARK_NONE) {
            continue;
        }
        for (uint32_t c = 0; c < bcd->writers[w].component_count; c++) {
            check_component(documents, &documents->wmds[documents->writer_wmd[w]],
                            &bcd->writers[w].components[c], warnings);
        }
    }
    return VSR_OK;
}
