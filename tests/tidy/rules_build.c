/* rules_build.c - every .c file is built: named in the meson.build beside it or in a folder
 * above.
 *
 * Read as text: a name between quotes counts, also where a loop builds it from a part
 * ('test_' + name + '.c' with 'name' in a list), which is allowed outside src/ only. */
#include "tidy.h"

#include <stdio.h>
#include <string.h>

/* Is 'name', of so many bytes, between single quotes in the file? */
static bool quoted_in(const struct source *build, const char *name, size_t name_bytes)
{
    const char *at = build->text;
    while ((at = strchr(at, '\'')) != NULL) {
        at++;
        if (strncmp(at, name, name_bytes) == 0 && at[name_bytes] == '\'') {
            return true;
        }
    }
    return false;
}

/* Does a meson.build, in the folder that is the first dir_bytes of the path, name the file? */
static bool named_in(const struct tidy *tidy, const char *path, size_t dir_bytes)
{
    char build_path[1024];
    const int n = snprintf(build_path, sizeof build_path, "%.*smeson.build", (int)dir_bytes, path);
    struct source build;
    if (n < 0 || (size_t)n >= sizeof build_path || !source_exists(tidy->root, build_path) ||
        !source_init(&build, tidy->root, build_path)) {
        return false;
    }
    const char *name = path + dir_bytes;
    bool found = quoted_in(&build, name, strlen(name));
    if (!found && !text_starts(path, "src/")) {
        const char *base = strrchr(path, '/') + 1;
        const size_t stem_bytes = strlen(base) - strlen(".c");
        const char *part = memchr(base, '_', stem_bytes);
        found = quoted_in(&build, base, stem_bytes);
        if (!found && part != NULL) {
            found = quoted_in(&build, part + 1, stem_bytes - (size_t)(part + 1 - base));
        }
    }
    source_fini(&build);
    return found;
}

void tidy_build(struct tidy *tidy, const struct source *source)
{
    if (source->is_header || !source_exists(tidy->root, "meson.build")) {
        return;
    }
    size_t dir_bytes = strlen(source->path);
    while (dir_bytes > 0) {
        do {
            dir_bytes--;
        } while (dir_bytes > 0 && source->path[dir_bytes - 1] != '/');
        if (named_in(tidy, source->path, dir_bytes)) {
            return;
        }
    }
    tidy_find(tidy, source, 1, RULE_DEAD_SOURCE, "no meson.build names this file: nobody runs it");
}
