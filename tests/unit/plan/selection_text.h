/* selection_text.h - a selection as one line of text, for the tests of select, scope and
 * dependency.
 *
 * Each scope is "lp\name{members}", in the braces '/' and the chosen subcomponents, behind them
 * '~' for a reduced one, and '!' with the refusal. */
#ifndef UNIT_PLAN_SELECTION_TEXT_H
#define UNIT_PLAN_SELECTION_TEXT_H

#include "small_documents.h"

#include "base/buffer.h"
#include "base/limits.h"
#include "plan/select.h"

#include <stdlib.h>

struct fixture {
    struct documents documents;
    struct arena arena;
    struct selection selection;
    struct buffer text;
    vsr_error error;
};

static inline int set_up(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){0};
    *state = &fixture;
    return 0;
}

static inline void forget(struct fixture *f)
{
    documents_free(&f->documents);
    arena_free(&f->arena);
    buffer_free(&f->text);
    *f = (struct fixture){0};
}

static inline int tear_down(void **state)
{
    forget(*state);
    return 0;
}

#define load(f, ...)                                                                               \
    small_documents_parse(&(f)->documents, (const char *const[]){__VA_ARGS__, NULL})

static inline void add_names(struct fixture *f, const struct wmd *wmd, const uint32_t *components,
                             uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct wmd_component *c = &wmd->components[components[i]];
        buffer_printf(&f->text, "%s", i > 0 ? "," : "");
        buffer_add_view(&f->text, vss_full_name(&f->arena, c->logical_path, c->name));
    }
}

static inline void add_scope(struct fixture *f, const struct scope *scope)
{
    const struct bcd_component *entry =
        &f->documents.bcd.writers[scope->writer].components[scope->bcd_component];
    const struct wmd *wmd = scope->wmd == MARK_NONE ? NULL : &f->documents.wmds[scope->wmd];
    buffer_printf(&f->text, "%s", f->text.n > 0 ? "; " : "");
    buffer_add_view(&f->text, vss_full_name(&f->arena, entry->logical_path, entry->name));
    buffer_add_char(&f->text, '{');
    add_names(f, wmd, scope->members, scope->member_count);
    if (scope->by_subcomponents) {
        buffer_add_char(&f->text, '/');
        add_names(f, wmd, scope->subcomponents, scope->subcomponent_count);
    }
    buffer_printf(&f->text, "}%s", scope->reduced ? "~" : "");
    assert_non_null(scope->rule);
    if (scope->refusal != REFUSAL_NONE) {
        buffer_printf(&f->text, "!%s", refusal_text(scope->refusal));
        assert_true(scope->detail.n > 0);
    }
}

/* The scopes of a selection that must succeed. */
static inline const char *scopes(struct fixture *f, const struct plan_choices *choices)
{
    buffer_free(&f->text);
    f->error = (vsr_error){0};
    if (select_components(&f->arena, &f->documents, choices, &f->selection, &f->error) != VSR_OK) {
        fail_msg("%s", f->error.what);
    }
    for (uint32_t i = 0; i < f->selection.scope_count; i++) {
        add_scope(f, &f->selection.scopes[i]);
    }
    buffer_add(&f->text, "", 1);
    return f->text.p;
}

#define CHOOSE(...)                                                                                \
    .components = (const char *const[]){__VA_ARGS__},                                              \
    .component_count = COUNT_OF(((const char *const[]){__VA_ARGS__}))
#define EXCLUDE(...)                                                                               \
    .exclude_components = (const char *const[]){__VA_ARGS__},                                      \
    .exclude_component_count = COUNT_OF(((const char *const[]){__VA_ARGS__}))
#define scopes_of(f, ...) scopes(f, &(const struct plan_choices){__VA_ARGS__})

static inline void assert_fails(struct fixture *f, const struct plan_choices *choices,
                                const char *name)
{
    f->error = (vsr_error){0};
    assert_int_equal(select_components(&f->arena, &f->documents, choices, &f->selection, &f->error),
                     VSR_ERR_SELECTION);
    if (strstr(f->error.what, name) == NULL) {
        fail_msg("\"%s\" does not say %s", f->error.what, name);
    }
}
#define assert_selection_fails(f, name, ...)                                                       \
    assert_fails(f, &(const struct plan_choices){__VA_ARGS__}, name)

static inline uint32_t warnings_with(const struct fixture *f, const char *piece)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < f->selection.warning_count; i++) {
        const struct view warning = f->selection.warnings[i];
        count += memmem(warning.p, warning.n, piece, strlen(piece)) != NULL ? 1 : 0;
    }
    return count;
}

#define AUTO   .with_dependencies = DEPENDENCIES_AUTO
#define REFUSE .with_dependencies = DEPENDENCIES_REFUSE
#define IGNORE .with_dependencies = DEPENDENCIES_IGNORE

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#define ID1 WRITER_ID("1")
#define ID2 WRITER_ID("2")
#define ID3 WRITER_ID("3")

/* The tree of "Logical Pathing of Components". */
#define WRITER_DATA                                                                                \
    WMD("1", GROUP("", "Executables", "no", "") GROUP("Executables", "ConfigFiles", "no", "")      \
                 GROUP("", "LicenseInfo", "no", "") GROUP("Security", "UserInfo", "no", "")        \
                     GROUP("Security", "Certificates", "no", "")                                   \
                         GROUP("", "writerData", "yes", "") GROUP("writerData", "Set1", "yes", "") \
                             GROUP("writerData\\Set1", "Jan", "no", "") GROUP("writerData\\Set1",  \
                                                                              "Dec", "no", "")     \
                                 GROUP("writerData", "Set2", "yes", "")                            \
                                     GROUP("writerData\\Set2", "Jan", "no", "")                    \
                                         GROUP("writerData\\Set2", "Dec", "no", "")                \
                                             GROUP("writerData\\QueryLogs", "Query", "no", "")     \
                                                 GROUP("writerData", "Usage", "yes", "")           \
                                                     GROUP("writerData\\Usage", "Jan", "no", ""))

#endif
