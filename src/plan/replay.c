/* replay.c - option by option back into struct plan_choices, by one table. */
#include "plan/replay.h"

#include <stddef.h>

enum replay_kind { REPLAY_LIST, REPLAY_TEXT, REPLAY_FLAG, REPLAY_CHOICE };

#define AT(member) offsetof(struct plan_choices, member)
#define LIST(name, items)                                                                          \
    {                                                                                              \
        name, REPLAY_LIST, AT(items##s), AT(items##_count), NULL                                   \
    }

static const struct {
    const char *option;
    enum replay_kind kind;
    size_t at;
    size_t count_at;     /* of a list */
    const char *choices; /* "a|b|c": their places are the values */
} table[] = {
    LIST("--component", component),
    LIST("--exclude-component", exclude_component),
    LIST("--file", file),
    LIST("--volume", volume),
    LIST("--new-target", new_target),
    LIST("--restore-target", restore_target),
    LIST("--restore-options", restore_option),
    {"--files-not-to-backup", REPLAY_LIST, AT(not_to_backup), AT(not_to_backup_count), NULL},
    {"--env", REPLAY_LIST, AT(environment), AT(environment_count), NULL},
    {"--root", REPLAY_TEXT, AT(root), 0, NULL},
    {"--private", REPLAY_TEXT, AT(private_dir), 0, NULL},
    {"--widen", REPLAY_FLAG, AT(widen), 0, NULL},
    {"--force-mandatory", REPLAY_FLAG, AT(force_mandatory), 0, NULL},
    {"--force-failed-backup", REPLAY_FLAG, AT(force_failed_backup), 0, NULL},
    {"--service-command", REPLAY_FLAG, AT(services), 0, NULL},
    {"--unprotected", REPLAY_FLAG, AT(unprotected), 0, NULL},
    {"--cross-mounts", REPLAY_FLAG, AT(cross_mounts), 0, NULL},
    {"--in-place", REPLAY_FLAG, AT(in_place), 0, NULL},
    {"--after", REPLAY_LIST, AT(after), AT(after_count), NULL},
    {"--no-component", REPLAY_FLAG, AT(no_component), 0, NULL},
    {"--with-dependencies", REPLAY_CHOICE, AT(with_dependencies), 0, "auto|refuse|ignore"},
    {"--tree", REPLAY_CHOICE, AT(tree), 0, "offline|live"},
    {"--in-use", REPLAY_CHOICE, AT(in_use), 0, "strict|lease|ignore"},
    {"--overwrite", REPLAY_CHOICE, AT(overwrite), 0, "never|if-newer|always"},
};

static bool choice_number(const char *choices, struct view value, int *out)
{
    struct view rest = view_of(choices);
    for (*out = 0; rest.n > 0; (*out)++) {
        const size_t one = view_find(rest, '|');
        if (view_equal((struct view){rest.p, one}, value)) {
            return true;
        }
        rest = view_skip(rest, one < rest.n ? one + 1 : one);
    }
    return false;
}

/* Lists were sized for the worst case: every choice one of theirs. */
static void list_add(struct arena *arena, uint32_t room, void *items, uint32_t *count,
                     struct view value)
{
    const char ***list = items;
    if (*list == NULL) {
        *list = ARENA_ARRAY(arena, const char *, room);
    }
    (*list)[(*count)++] = arena_copy(arena, value).p;
}

static bool option_take(struct arena *arena, const struct plan *plan, struct plan_choices *out,
                        size_t row, struct view value)
{
    char *place = (char *)out + table[row].at;
    int number = 0;
    switch (table[row].kind) {
    case REPLAY_LIST:
        list_add(arena, plan->choice_count, place,
                 (uint32_t *)(void *)((char *)out + table[row].count_at), value);
        return true;
    case REPLAY_TEXT:
        *(const char **)(void *)place = arena_copy(arena, value).p;
        return true;
    case REPLAY_FLAG:
        *(bool *)place = true;
        return true;
    case REPLAY_CHOICE:
        if (!choice_number(table[row].choices, value, &number)) {
            return false;
        }
        memcpy(place, &number, sizeof number); /* all of them are enums */
        return true;
    }
    return false; /* GCOVR_EXCL_LINE: there is no other kind */
}

/* Two that are no plain table row. */
static bool option_special(struct view option, struct view value, struct plan_choices *out)
{
    if (view_equal(option, VIEW("--alm-overwrite"))) {
        out->alm_overwrite_never = view_equal(value, VIEW("never"));
        return true;
    }
    if (view_equal(option, VIEW("--additional-restores"))) {
        out->additional_restores = view_equal(value, VIEW("yes"));
        return true;
    }
    return false;
}

/* Its row, or one behind the last. */
static size_t option_row(struct view option)
{
    size_t row = 0;
    while (row < sizeof table / sizeof *table && !view_equal(option, view_of(table[row].option))) {
        row++;
    }
    return row;
}

bool plan_choice_is_flag(struct view option)
{
    const size_t row = option_row(option);
    return row < sizeof table / sizeof *table && table[row].kind == REPLAY_FLAG;
}

vsr_code plan_replay(struct arena *arena, const struct plan *plan, struct plan_choices *out,
                     vsr_error *error)
{
    *out = (struct plan_choices){.additional_restores = -1};
    for (uint32_t i = 0; i < plan->choice_count; i++) {
        const struct view option = plan_text(plan, plan->choices[i]);
        const size_t row = option_row(option);
        const bool known = row < sizeof table / sizeof *table;
        const bool flag = known && table[row].kind == REPLAY_FLAG;
        if (!flag && i + 1 >= plan->choice_count) {
            return err_set(error, VSR_ERR_RUN_FOREIGN, "plan/replay",
                           "the plan's option %.*s has no value", VIEW_ARG(option));
        }
        const struct view value = flag ? VIEW_NONE : plan_text(plan, plan->choices[++i]);
        if (known ? !option_take(arena, plan, out, row, value)
                  : !option_special(option, value, out)) {
            return err_set(error, VSR_ERR_RUN_FOREIGN, "plan/replay",
                           "the plan holds the option %.*s %.*s, which is not known here",
                           VIEW_ARG(option), VIEW_ARG(value));
        }
    }
    return VSR_OK;
}
