/* planner_fixture.c - text into documents, choices and facts, and the plan of it all. */
#include "planner_fixture.h"
#include "plan_words.h"

#include "base/bug.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *keep(struct planner_fixture *fixture, struct view text)
{
    return arena_copy(&fixture->arena, text).p;
}

/* --- documents --- */

void planner_fixture_documents(struct planner_fixture *fixture, const char *const *texts,
                               uint32_t count)
{
    struct document_source sources[16] = {0};
    uint32_t source_count = 0;
    vsr_error error = {0};
    for (uint32_t i = 0; i < count && source_count < 16; i++) {
        if (texts[i] != NULL) {
            const struct view name = arena_printf(&fixture->arena, "%u.xml", i);
            sources[source_count++] = (struct document_source){name, view_of(texts[i]), true};
        }
    }
    if (documents_parse(&fixture->documents, sources, source_count, &error) != VSR_OK) {
        (void)fprintf(stderr, "%s\n", error.what);
        VSR_BUG("the test's documents cannot be read");
    }
}

void planner_fixture_documents_folder(struct planner_fixture *fixture, const char *folder,
                                      const char *bcd)
{
    const char *paths[64];
    uint32_t count = 0;
    DIR *dir = opendir(folder);
    VSR_REQUIRE(dir != NULL);
    for (const struct dirent *entry = NULL; (entry = readdir(dir)) != NULL && count < 64;) {
        const struct view name = view_of(entry->d_name);
        const bool is_bcd = view_starts(name, VIEW("backup-components"));
        if (name.n < 4 || strcmp(entry->d_name + name.n - 4, ".xml") != 0 ||
            (is_bcd && bcd != NULL && strcmp(entry->d_name, bcd) != 0)) {
            continue;
        }
        paths[count++] = arena_printf(&fixture->arena, "%s/%s", folder, entry->d_name).p;
    }
    (void)closedir(dir);
    vsr_error error = {0};
    if (documents_read(&fixture->documents, paths, count, &error) != VSR_OK) {
        (void)fprintf(stderr, "%s\n", error.what);
        VSR_BUG("the folder's documents cannot be read");
    }
}

/* --- options and facts --- */

static void option_list(struct planner_fixture *fixture, const char **list, uint32_t *count,
                        const char *const **out, struct view value)
{
    VSR_REQUIRE(*count < FIXTURE_OPTIONS_MAX);
    list[(*count)++] = keep(fixture, value);
    *out = list;
}

static void option_take(struct planner_fixture *f, struct view word, struct view value)
{
    struct plan_choices *c = &f->choices;
    if (view_equal(word, VIEW("--volume"))) {
        option_list(f, f->volumes, &c->volume_count, &c->volumes, value);
    } else if (view_equal(word, VIEW("--env"))) {
        option_list(f, f->environment, &c->environment_count, &c->environment, value);
    } else if (view_equal(word, VIEW("--component"))) {
        option_list(f, f->components, &c->component_count, &c->components, value);
    } else if (view_equal(word, VIEW("--exclude-component"))) {
        option_list(f, f->excluded, &c->exclude_component_count, &c->exclude_components, value);
    } else if (view_equal(word, VIEW("--file"))) {
        option_list(f, f->files, &c->file_count, &c->files, value);
    } else if (view_equal(word, VIEW("--new-target"))) {
        option_list(f, f->new_targets, &c->new_target_count, &c->new_targets, value);
    } else if (view_equal(word, VIEW("--restore-target"))) {
        option_list(f, f->restore_targets, &c->restore_target_count, &c->restore_targets, value);
    } else if (view_equal(word, VIEW("--restore-options"))) {
        option_list(f, f->restore_options, &c->restore_option_count, &c->restore_options, value);
    } else if (view_equal(word, VIEW("--root"))) {
        c->root = keep(f, value);
    } else if (view_equal(word, VIEW("--private"))) {
        c->private_dir = keep(f, value);
    } else if (view_equal(word, VIEW("--alm-overwrite"))) {
        c->alm_overwrite_never = view_equal(value, VIEW("never"));
    } else if (view_equal(word, VIEW("--cross-mounts"))) {
        c->cross_mounts = true;
    } else if (view_equal(word, VIEW("--unprotected"))) {
        c->unprotected = true;
    } else if (view_equal(word, VIEW("--force-mandatory"))) {
        c->force_mandatory = true;
    } else if (view_equal(word, VIEW("--force-failed-backup"))) {
        c->force_failed_backup = true;
    } else if (view_equal(word, VIEW("--overwrite"))) {
        c->overwrite = view_equal(value, VIEW("always"))     ? OVERWRITE_ALWAYS
                       : view_equal(value, VIEW("if-newer")) ? OVERWRITE_IF_NEWER
                                                             : OVERWRITE_NEVER;
    } else if (view_equal(word, VIEW("--not-to-backup"))) {
        option_list(f, f->not_to_backup, &c->not_to_backup_count, &c->not_to_backup, value);
    } else if (view_equal(word, VIEW("--in-place"))) {
        c->in_place = true;
    } else if (view_equal(word, VIEW("--tree"))) {
        c->tree = view_equal(value, VIEW("live")) ? TREE_LIVE : TREE_OFFLINE;
    } else {
        VSR_BUG("the fixture does not know an option");
    }
}

static void have_take(struct planner_fixture *fixture, struct view line)
{
    static const struct {
        const char *word;
        unsigned flag;
    } flags[] = {{"locked", FACTS_LOCKED}, {"readonly", FACTS_READONLY}, {"mount", FACTS_MOUNT},
                 {"linked", FACTS_LINKED}, {"old", FACTS_OLD},           {"unknown", FACTS_UNKNOWN},
                 {"second", FACTS_SECOND}, {"awaited", FACTS_AWAITED}};
    const struct view word = take_word(&line);
    const enum fact_type type = view_equal(word, VIEW("file"))      ? FACT_FILE
                                : view_equal(word, VIEW("dir"))     ? FACT_DIRECTORY
                                : view_equal(word, VIEW("symlink")) ? FACT_SYMLINK
                                                                    : FACT_OTHER;
    unsigned held = 0;
    for (bool again = true; again;) {
        again = false;
        struct view rest = line;
        const struct view last = take_last(&rest);
        for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
            if (view_equal(last, view_of(flags[i].word))) {
                held |= flags[i].flag;
                line = rest;
                again = true;
            }
        }
    }
    facts_add(&fixture->facts, keep(fixture, line), type, held);
}

static void destination_take(struct planner_fixture *fixture, struct view word)
{
    struct facts_fixture *facts = &fixture->facts;
    uint64_t bytes = 0;
    if (view_equal(word, VIEW("case-sensitive"))) {
        facts->case_sensitive = true;
    } else if (view_equal(word, VIEW("units"))) {
        facts->name_units = true;
    } else if (view_equal(word, VIEW("missing"))) {
        facts->roots_missing = true;
    } else if (view_equal(word, VIEW("blocked"))) {
        facts->roots_missing = true;
        facts->roots_blocked = true;
    } else if (view_equal(word, VIEW("one-directory"))) {
        facts->one_directory = true;
    } else if (view_starts(word, VIEW("names=")) && view_to_u64(view_skip(word, 6), &bytes)) {
        facts->name_bytes_max = (uint32_t)bytes;
    } else {
        VSR_BUG("the fixture does not know such a destination");
    }
}

void planner_fixture_options(struct planner_fixture *fixture, const char *text)
{
    fixture->choices.additional_restores = -1;
    struct view rest = view_of(text);
    struct view line = VIEW_NONE;
    while (take_line(&rest, &line)) {
        const struct view word = take_word(&line);
        if (view_equal(word, VIEW("have"))) {
            have_take(fixture, line);
        } else if (view_equal(word, VIEW("destination"))) {
            destination_take(fixture, line);
        } else {
            option_take(fixture, word, line);
        }
    }
}

/* --- the plan --- */

vsr_code planner_fixture_content(const void *context, uint32_t entry, struct buffer *out,
                                 vsr_error *error)
{
    const struct planner_fixture *fixture = context;
    for (uint32_t i = 0; i < fixture->content_count; i++) {
        if (fixture->contents[i].entry == entry) {
            buffer_add_view(out, fixture->contents[i].bytes);
            return VSR_OK;
        }
    }
    return err_set(error, VSR_ERR_MEDIA, "planner_fixture", "the frame is damaged");
}

struct plan *planner_fixture_plan(struct planner_fixture *fixture, vsr_error *error)
{
    struct plan_mapped_root *roots = NULL;
    const struct plan_facts facts = facts_of(&fixture->facts);
    const struct plan_contents contents = {fixture, planner_fixture_content};
    const struct plan_input input = {&fixture->documents, &fixture->set, &fixture->choices, &facts,
                                     &contents};
    struct plan *plan = NULL;
    if (plan_map_volumes(&fixture->arena, &input, &roots, &fixture->facts.root_count, error) !=
        VSR_OK) {
        return NULL;
    }
    fixture->facts.roots = roots;
    return plan_create(&plan, &input, error) == VSR_OK ? plan : NULL;
}

static vsr_code lines_take(void *context, struct view lines, vsr_error *error)
{
    (void)error;
    buffer_add_view(context, lines);
    return VSR_OK;
}

struct view planner_fixture_jsonl(struct planner_fixture *fixture, const struct plan *plan)
{
    vsr_error error = {0};
    fixture->lines.n = 0;
    VSR_REQUIRE(plan_render_jsonl(plan, &fixture->set, lines_take, &fixture->lines, &error) ==
                VSR_OK);
    return buffer_view(&fixture->lines);
}

void planner_fixture_fini(struct planner_fixture *fixture)
{
    documents_free(&fixture->documents);
    facts_fini(&fixture->facts);
    buffer_free(&fixture->lines);
    arena_free(&fixture->arena);
    *fixture = (struct planner_fixture){0};
}
