/* plan_case.c - documents around the few words that a case gives, and plans in short. */
#include "plan_case.h"

#include "vsr_test.h"

const struct plan_case plan_case_rich = {
    .name = "rich",
    .method = "RESTORE_IF_CAN_BE_REPLACED",
    .mappings = PLAN_MAP("C:\\D", "*", "yes", "C:\\Alt"),
    .locations = PLAN_C(PLAN_LIST("C:\\D", "*", "yes"))
        PLAN_GROUP("logicalPath=\"C\" ", "Sub", PLAN_LIST("C:\\D", "a", "no")),
    .second = PLAN_C(PLAN_LIST("C:\\D", "*", "no") PLAN_LIST("C:\\E", "e", "no")),
    .catalog = "volume C:\nvolume E:\nfile C:\\D\\a 5\nhardlink C:\\D\\z = C:\\D\\a\n"
               "symlink C:\\D\\s\nfile C:\\E\\e 7\ndir C:\\D\\x\nfile C:\\D\\x\\n\\m 3\n",
    .options = "--volume C:=/c\n--root /r\nhave file C:\\D\\A\n"};

#define WRITER_1   "writerId=\"11111111-1111-4111-8111-111111111111\" "
#define WRITER_2   "writerId=\"22222222-2222-4222-8222-222222222222\" "
#define INSTANCE_1 "instanceId=\"11111111-0000-4000-8000-000000000000\" "
#define INSTANCE_2 "instanceId=\"22222222-0000-4000-8000-000000000000\" "

static const char *wmd_text(struct arena *arena, const char *ids, const char *name,
                            const char *method, const char *mappings, const char *locations,
                            const struct plan_case *c)
{
    const char *service = c->no_service ? "" : "service=\"S\" ";
    const struct view restore =
        method == NULL ? VIEW("")
                       : arena_printf(arena,
                                      "<RESTORE_METHOD method=\"%s\" %swriterRestore=\"always\" "
                                      "rebootRequired=\"no\">%s</RESTORE_METHOD>",
                                      method, service, mappings != NULL ? mappings : "");
    return arena_printf(arena,
                        "<WRITER_METADATA xmlns=\"x-schema:#VssWriterMetadataInfo\" version=\"1.2\""
                        " backupSchema=\"%s\"><IDENTIFICATION %sfriendlyName=\"%s\" "
                        "usage=\"USER_DATA\" dataSource=\"OTHER\" majorVersion=\"0\" "
                        "minorVersion=\"0\"/>%.*s<BACKUP_LOCATIONS>%s</BACKUP_LOCATIONS>"
                        "</WRITER_METADATA>",
                        c->no_schema ? "0" : "256", ids, name, VIEW_ARG(restore), locations)
        .p;
}

void plan_case_load(struct planner_fixture *fixture, const struct plan_case *c)
{
    struct arena *arena = &fixture->arena;
    static const char one[] = "<COMPONENT componentName=\"C\" componentType=\"filegroup\"/>";
    const struct view second = c->second == NULL
                                   ? VIEW("")
                                   : arena_printf(arena,
                                                  "<WRITER_COMPONENTS " INSTANCE_2 WRITER_2
                                                  "backupSchema=\"256\">%s</WRITER_COMPONENTS>",
                                                  one);
    const char *texts[3] = {
        arena_printf(
            arena,
            "<BACKUP_COMPONENTS xmlns=\"x-schema:#VssComponentMetadata\" version=\"1.2\" "
            "bootableSystemStateBackup=\"no\" selectComponents=\"yes\" "
            "backupType=\"%s\" partialFileSupport=\"no\"><WRITER_COMPONENTS " INSTANCE_1 WRITER_1
            "backupSchema=\"%s\">%s</WRITER_COMPONENTS>%.*s"
            "</BACKUP_COMPONENTS>",
            c->backup_type != NULL ? c->backup_type : "full", c->no_schema ? "0" : "256",
            c->components != NULL ? c->components : one, VIEW_ARG(second))
            .p,
        wmd_text(arena, INSTANCE_1 WRITER_1, "W", c->method, c->mappings, c->locations, c), NULL};
    if (c->second != NULL) {
        texts[2] = wmd_text(arena, INSTANCE_2 WRITER_2, "W2", "RESTORE_IF_CAN_BE_REPLACED", NULL,
                            c->second, c);
    }
    planner_fixture_documents(fixture, texts, 3);
    planner_fixture_catalog(fixture, c->catalog);
    planner_fixture_options(fixture, c->options != NULL ? c->options : "--volume C:=/c");
}

/* " offset:length" of a partial file, " source:length>dest" of a directed one; " ^" when it is
 * not the first record of its destination. */
static void add_ranges(const struct plan *plan, const struct plan_file *f, struct buffer *out)
{
    for (uint32_t i = f->first_range; i < f->first_range + f->range_count; i++) {
        const struct plan_range *r = &plan->ranges[i];
        buffer_printf(out, " %llu:%llu", (unsigned long long)r->source,
                      (unsigned long long)r->length);
        if (f->kind == KIND_DIRECTED) {
            buffer_printf(out, ">%llu", (unsigned long long)r->dest);
        }
    }
    if (f->kind == KIND_DIRECTED && f->link_owner != MARK_NONE) {
        buffer_printf(out, " ^");
    }
}

static void add_files(struct planner_fixture *fixture, const struct plan *plan, uint32_t unit,
                      struct buffer *out)
{
    const struct plan_unit *u = &plan->units[unit];
    for (uint32_t i = u->first_file; i < u->first_file + u->file_count; i++) {
        const struct plan_file *f = &plan->files[i];
        const bool replaces = f->action == ACTION_REPLACE;
        const char mark = f->action == ACTION_NONE      ? '.'
                          : f->action == ACTION_STAGE   ? (f->kind == KIND_DIRECTORY ? 'D' : 's')
                          : f->kind == KIND_DIRECTORY   ? 'd'
                          : f->kind == KIND_HARDLINK    ? 'l'
                          : f->kind == KIND_PARTIAL     ? 'p'
                          : f->kind == KIND_DIRECTED    ? (f->present != 0 ? 'T' : 't')
                          : f->kind == KIND_RANGES_FILE ? (replaces ? 'G' : 'g')
                          : f->kind == KIND_REPARSE     ? (replaces ? 'R' : 'r')
                          : replaces                    ? '='
                                                        : '+';
        buffer_printf(out, "%c ", mark);
        plan_dest_path(plan, &fixture->set, i, out);
        if (f->place != PLACE_ORIGINAL) {
            buffer_printf(out, " @%s", plan_place_text((enum plan_place)f->place));
        }
        add_ranges(plan, f, out);
        buffer_add_char(out, '\n');
    }
    for (uint32_t i = u->first_shared; i < u->first_shared + u->shared_count; i++) {
        buffer_add(out, "<- ", 3);
        plan_dest_path(plan, &fixture->set, plan->shared[i].file, out);
        buffer_add_char(out, '\n');
    }
}

struct view plan_case_text(struct planner_fixture *fixture, const struct plan *plan, bool warnings)
{
    struct buffer out = {0};
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        const char *refusal = refusal_text((enum refusal)plan->units[u].refusal);
        buffer_printf(&out, "%s %s %.*s\n",
                      plan_verdict_text((enum plan_verdict)plan->units[u].verdict),
                      refusal != NULL ? refusal : "-",
                      VIEW_ARG(plan_text(plan, plan->units[u].rule)));
        add_files(fixture, plan, u, &out);
    }
    for (uint32_t i = 0; i < plan->used_mapping_count; i++) {
        const struct plan_used_mapping *m = &plan->used_mappings[i];
        buffer_printf(&out, "a %.*s %.*s -> %.*s\n", VIEW_ARG(plan_text(plan, m->path)),
                      VIEW_ARG(plan_text(plan, m->filespec)),
                      VIEW_ARG(plan_text(plan, m->alternate_path)));
    }
    for (uint32_t i = 0; i < plan->ranges_path_count; i++) {
        const struct plan_ranges_path *path = &plan->ranges_paths[i];
        buffer_printf(&out, "g %u -> %.*s\n", path->partial_file,
                      VIEW_ARG(plan_text(plan, path->path)));
    }
    for (uint32_t i = 0; warnings && i < plan->warning_count; i++) {
        buffer_printf(&out, "! %.*s\n", VIEW_ARG(plan_text(plan, plan->warnings[i])));
    }
    const struct view text = arena_copy(&fixture->arena, buffer_view(&out));
    buffer_free(&out);
    return text;
}

void plan_case_run(const struct plan_case *c)
{
    struct planner_fixture fixture = {0};
    plan_case_load(&fixture, c);
    vsr_error error = {0};
    struct plan *plan = planner_fixture_plan(&fixture, &error);
    const bool want_error = strncmp(c->want, "error: ", 7) == 0;
    if (plan == NULL) {
        if (!want_error || strstr(error.what, c->want + 7) == NULL) {
            fail_msg("%s: no plan: %s", c->name, error.what);
        }
    } else {
        const struct view got = plan_case_text(&fixture, plan, strstr(c->want, "\n! ") != NULL);
        if (!view_equal(got, view_of(c->want))) {
            for (uint32_t u = 0; u < plan->unit_count; u++) {
                print_message("unit %u: %.*s\n", u,
                              VIEW_ARG(plan_text(plan, plan->units[u].detail)));
            }
            fail_msg("%s\n--- got\n%.*s--- want\n%s", c->name, VIEW_ARG(got), c->want);
        }
        plan_free(plan);
    }
    planner_fixture_fini(&fixture);
}
