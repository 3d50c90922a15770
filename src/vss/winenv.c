/* winenv.c - %NAME% replaced in a document's paths (rules 5.3; contract, rulings 22 and 32).
 *
 * The table is the caller's: captured at backup, or given at restore. What has no value is
 * told by name and never taken literally (T25); values are not expanded again. What has become
 * longer than a path can be is not gone on with: it is none as it is. */
#include "vss/winpath.h"

#include "base/buffer.h"
#include "base/limits.h"

static const struct view *env_find(const struct win_env *env, struct view name)
{
    for (uint32_t i = 0; i < env->count; i++) {
        if (win_fold_equal(env->names[i][0], name)) {
            return &env->names[i][1];
        }
    }
    return NULL;
}

/* The name that text, which begins with '%', opens; absent when this '%' is a literal one: it
 * has no partner, or none before the next backslash, or nothing stands between the two. */
static struct view env_name(struct view text)
{
    const struct view behind = view_skip(text, 1);
    const size_t n = view_find(behind, '%');
    const struct view name = {behind.p, n};
    if (n == 0 || n == behind.n || view_find(name, '\\') < n || view_find(name, '/') < n) {
        return VIEW_NONE;
    }
    return name;
}

bool win_env_expand(struct arena *arena, const struct win_env *env, struct view text,
                    struct view *out, struct view *unknown)
{
    *out = text;
    *unknown = VIEW_NONE;
    if (view_find(text, '%') == text.n) {
        return true;
    }
    struct buffer expanded = {0};
    for (struct view rest = text; rest.n > 0 && expanded.n <= WIN_PATH_BYTES_MAX;) {
        const size_t plain = view_find(rest, '%');
        buffer_add(&expanded, rest.p, plain);
        rest = view_skip(rest, plain);
        if (rest.n == 0) {
            break;
        }
        const struct view name = env_name(rest);
        if (!view_present(name)) {
            buffer_add_char(&expanded, '%');
            rest = view_skip(rest, 1);
            continue;
        }
        const struct view *value = env_find(env, name);
        if (value == NULL) {
            *unknown = name;
            buffer_free(&expanded);
            return false;
        }
        buffer_add_view(&expanded, *value);
        rest = view_skip(rest, name.n + 2);
    }
    *out = arena_copy(arena, buffer_view(&expanded));
    buffer_free(&expanded);
    return true;
}
