/* foreign_take.c - units and records of another front end's plan, laid into a draft. Decides
 * nothing: what it refused as impossible was refused when it was read. */
#include "plan/foreign_take.h"

#include "base/heap.h"
#include "media/foreign.h"
#include "plan/unprotected.h"

#define RULE "5.8" /* files of no component */

bool foreign_is_input(const struct plan_input *input)
{
    return input->set->foreign != NULL;
}

struct plan_choices foreign_choices(const struct media_set *set)
{
    return (struct plan_choices){.volumes = set->foreign->volumes,
                                 .volume_count = set->foreign->volume_count,
                                 .overwrite = (enum overwrite)set->foreign->overwrite,
                                 .additional_restores = -1};
}

void foreign_add_units(struct draft *draft)
{
    const struct foreign_media *foreign = draft->input->set->foreign;
    draft->unit_count = foreign->unit_count;
    draft->units = ARENA_ARRAY(&draft->arena, struct draft_unit, draft->unit_count + 1u);
    for (uint32_t i = 0; i < foreign->unit_count; i++) {
        const struct foreign_unit *unit = &foreign->units[i];
        struct scope *scope = ARENA_NEW(&draft->arena, struct scope);
        struct bcd_component *component = ARENA_NEW(&draft->arena, struct bcd_component);
        *scope = (struct scope){.writer = MARK_NONE,
                                .bcd_component = MARK_NONE,
                                .wmd = MARK_NONE,
                                .members = ARENA_NEW(&draft->arena, uint32_t),
                                .member_count = 1,
                                .rule = RULE};
        component->logical_path = unit->logical_path;
        component->name = unit->component;
        draft->units[i] = (struct draft_unit){.scope = scope,
                                              .component = component,
                                              .foreign = unit,
                                              .target = TARGET_ORIGINAL,
                                              .verdict = VERDICT_REFUSED,
                                              .unprotected = true};
    }
}

void foreign_add_files(struct draft *draft)
{
    const struct foreign_media *foreign = draft->input->set->foreign;
    draft->files = heap_alloc(foreign->record_count + 1u, sizeof *draft->files);
    draft->file_count = foreign->record_count;
    for (uint32_t u = 0; u < foreign->unit_count; u++) {
        const struct foreign_unit *unit = &foreign->units[u];
        unprotected_add_set(draft, u);
        draft->sets[draft->set_count - 1].owns = true; /* nothing is matched: it has its files */
        draft->units[u].first_file = unit->first_record;
        draft->units[u].file_count = unit->record_count;
        for (uint32_t i = 0; i < unit->record_count; i++) {
            const uint32_t record = unit->first_record + i;
            const struct index_entry *e = &draft->index->entries[foreign->records[record]];
            struct match_name name =
                match_name_of(index_name(draft->index, foreign->records[record]));
            const bool directory = e->kind == INDEX_DIRECTORY;
            draft->has_links |= e->kind == INDEX_FILE && e->link_group != MARK_NONE;
            draft->files[record] = (struct draft_file){
                .entry = foreign->records[record],
                .set = u,
                .place = MARK_NONE,
                .name = MARK_NONE,
                .name_hash = directory ? 0 : (uint32_t)match_name_hash(&name),
                .named = MARK_NONE,
                .directory = directory,
            };
        }
    }
}
