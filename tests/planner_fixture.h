/* planner_fixture.h - plans from text: documents, a catalogue that stands for the media, options
 * and what the destination holds, all as a test or a committed file spells them. */
#ifndef PLANNER_FIXTURE_H
#define PLANNER_FIXTURE_H

#include "facts_fixture.h"

enum { FIXTURE_OPTIONS_MAX = 64 };

struct fixture_content { /* of a file of the catalogue that can be read */
    uint32_t entry;
    struct view bytes;
};

struct planner_fixture {
    struct arena arena;
    struct documents documents;
    struct media_set set; /* in memory: description and index, no packs */
    struct plan_choices choices;
    struct facts_fixture facts;
    struct fixture_content contents[FIXTURE_OPTIONS_MAX];
    uint32_t content_count;
    const char *volumes[FIXTURE_OPTIONS_MAX], *environment[FIXTURE_OPTIONS_MAX],
        *components[FIXTURE_OPTIONS_MAX], *excluded[FIXTURE_OPTIONS_MAX],
        *files[FIXTURE_OPTIONS_MAX], *new_targets[FIXTURE_OPTIONS_MAX],
        *restore_targets[FIXTURE_OPTIONS_MAX], *restore_options[FIXTURE_OPTIONS_MAX],
        *not_to_backup[FIXTURE_OPTIONS_MAX];
    struct buffer lines; /* of the last plan rendered */
};

/* One document for each text that is not NULL: those of a Backup Components Document and up to
 * three Writer Metadata Documents. */
void planner_fixture_documents(struct planner_fixture *fixture, const char *const *texts,
                               uint32_t count);
/* All *.xml of a folder; bcd: only this one of its backup-components*.xml, or NULL. */
void planner_fixture_documents_folder(struct planner_fixture *fixture, const char *folder,
                                      const char *bcd);

/* Lines: "volume C: [\\?\Volume{g}\] [mount folder ...]", "env NAME=value", "file PATH SIZE",
 * "dir PATH", "symlink PATH", "hardlink PATH = FIRST", "ranges PATH SIZE [LIST]" (a partial file
 * with its saved ranges, or all of it), "pairs PATH LIST [+N|-N]" (a ranges file, N bytes longer or
 * shorter), "free PATH SIZE" (of no component, as "freedir PATH"), "lost PATH SIZE". Tabs or blanks
 * before the last field; '#' begins a comment line. */
void planner_fixture_catalog(struct planner_fixture *fixture, const char *text);

/* Lines: "--volume C:=/mnt/c", ..., "--not-to-backup LINE"; "have file|dir|symlink|other PATH
 * [locked] [readonly] [mount] [linked] [old] [unknown] [second] [awaited]"; "destination
 * case-sensitive|units|missing|blocked|one-directory|names=N". */
void planner_fixture_options(struct planner_fixture *fixture, const char *text);

/* The content of an entry, for struct plan_contents; context: the fixture. MEDIA: there is none. */
vsr_code planner_fixture_content(const void *context, uint32_t entry, struct buffer *out,
                                 vsr_error *error);

/* The plan; NULL with *error filled when there is none. */
struct plan *planner_fixture_plan(struct planner_fixture *fixture, vsr_error *error);
/* plan_render_jsonl() into fixture->lines. */
struct view planner_fixture_jsonl(struct planner_fixture *fixture, const struct plan *plan);

void planner_fixture_fini(struct planner_fixture *fixture);

#endif
