/* probe_root.c - the one place where a path above a mapped volume is looked up: below --root,
 * element by element, without regard to case.
 *
 * --root itself was typed and is taken as it is; DIR/C, DIR/Volume{guid} and DIR/UNC/server/share
 * are named by documents, in whatever case. Makes nothing: that is dest/root.c's. */
#include "dest/probe_root.h"

#include "base/limits.h"
#include "base/own.h"
#include "dest/probe_entry.h"
#include "vss/winpath.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* What stands in fd under a name that differs from name only by case; absent: nothing. */
static struct view spelling_in(struct arena *arena, int fd, struct view name, bool *ambiguous)
{
    struct view found = VIEW_NONE;
    const int listed = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = listed < 0 ? NULL : fdopendir(listed);
    for (struct dirent *entry; list != NULL && (entry = readdir(list)) != NULL;) {
        if (win_fold_equal(view_of(entry->d_name), name)) {
            *ambiguous = *ambiguous || view_present(found);
            found = arena_copy(arena, view_of(entry->d_name));
        }
    }
    if (list != NULL) {
        (void)closedir(list);
    } else if (listed >= 0) {
        (void)close(listed);
    }
    return found;
}

struct view probe_root_spelling(struct arena *arena, const struct plan_mapped_root *mapped,
                                bool *ambiguous)
{
    const struct view typed = {mapped->dir.p, mapped->typed_bytes};
    const struct view base = arena_copy(arena, typed);
    struct view out = base;
    OWN(fd) fd = open(base.p, O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (struct view rest = view_skip(mapped->dir, typed.n); rest.n > 0;) {
        rest = view_skip(rest, 1); /* each element has its slash in front */
        struct view name = arena_copy(arena, (struct view){rest.p, view_find(rest, '/')});
        rest = view_skip(rest, name.n);
        if (fd >= 0 && faccessat(fd, name.p, F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
            const struct view spelled = spelling_in(arena, fd, name, ambiguous);
            name = view_present(spelled) ? spelled : name;
        }
        out = arena_printf(arena, "%.*s/%.*s", VIEW_ARG(out), VIEW_ARG(name));
        OWN(fd) next = fd < 0 ? -1 : openat(fd, name.p, O_PATH | O_DIRECTORY | O_CLOEXEC);
        own_fd_drop(&fd);
        fd = take_fd(&next);
    }
    return out;
}

void probe_root_absent(struct view path, struct fact_directory *out)
{
    char above[4096];
    *out =
        (struct fact_directory){.handle = MARK_NONE, .case_sensitive = true, .name_bytes_max = 255};
    if (path.n >= sizeof above) {
        out->obstacle = "its path is too long";
        return;
    }
    memcpy(above, path.p, path.n);
    above[path.n] = '\0';
    OWN(fd) fd = -1;
    while (fd < 0) {
        char *const slash = strrchr(above, '/');
        if (slash == NULL || slash == above) {
            fd = open(slash == NULL ? "." : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            break;
        }
        *slash = '\0';
        fd = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 && errno != ENOENT) {
            break;
        }
    }
    if (fd < 0) {
        out->obstacle = "the folder that it would be made in cannot be opened";
        return;
    }
    out->writable = probe_directory_writable(fd, &out->obstacle);
    probe_names(fd, out);
}
