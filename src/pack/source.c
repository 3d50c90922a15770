/* source.c - open the volumes given, name them, find out what their file systems show.
 *
 * The first step of pack; nothing of the trees but their top directories is looked at here, and
 * ranges files later through source_open_file(). */
#include "pack/source.h"

#include "base/heap.h"
#include "base/limits.h"
#include "base/own.h"
#include "pack/meta.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

uint32_t source_volume_of(const struct sources *sources, uint64_t device, uint64_t inode)
{
    for (uint32_t i = 0; i < sources->volume_count; i++) {
        if (sources->volumes[i].device == device && sources->volumes[i].inode == inode) {
            return i;
        }
    }
    return MARK_NONE;
}

/* Does the file system of a directory find an entry under the other letter case? Looked up with
 * the first entry that has a letter; true where none tells. */
static bool case_sensitive(int fd)
{
    OWN(fd) own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = own >= 0 ? fdopendir(own) : NULL;
    if (dir == NULL) {
        return true;
    }
    (void)take_fd(&own); /* the stream owns it */
    bool sensitive = true;
    for (const struct dirent *item = readdir(dir); item != NULL; item = readdir(dir)) {
        char other[sizeof item->d_name];
        size_t letter = 0;
        (void)snprintf(other, sizeof other, "%s", item->d_name);
        while (other[letter] != '\0' && isalpha((unsigned char)other[letter]) == 0) {
            letter++;
        }
        struct stat a, b;
        if (other[letter] == '\0' || fstatat(fd, item->d_name, &a, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        other[letter] = (char)(other[letter] ^ 0x20);
        sensitive = fstatat(fd, other, &b, AT_SYMLINK_NOFOLLOW) != 0 || a.st_ino != b.st_ino ||
                    a.st_nlink > 1;
        break;
    }
    (void)closedir(dir);
    return sensitive;
}

/* "C:" -> "C", "\\?\Volume{g}" -> "Volume{g}", "\\server\share" -> "UNC/server/share", and the
 * mount folder's path behind it (FORMAT.md, section 1). */
static struct view member_prefix(struct arena *arena, const struct win_path *path)
{
    struct view base = path->volume;
    const char *front = "";
    if (path->kind == VOLUME_LETTER) {
        base.n = 1;
    } else if (path->kind == VOLUME_GUID) {
        base = view_skip(base, sizeof "\\\\?\\" - 1);
    } else {
        base = view_skip(base, 2);
        front = "UNC/";
    }
    const struct view prefix = arena_printf(arena, "%s%.*s%s%.*s", front, VIEW_ARG(base),
                                            path->rest.n > 0 ? "/" : "", VIEW_ARG(path->rest));
    char *bytes = arena_alloc(arena, prefix.n + 1, 1);
    for (size_t i = 0; i < prefix.n; i++) {
        bytes[i] = prefix.p[i] == '\\' ? '/' : prefix.p[i];
    }
    return (struct view){bytes, prefix.n};
}

static void volume_name(struct arena *arena, struct source_volume *volume,
                        const struct win_path *path)
{
    struct set_volume *named = &volume->named;
    const struct view text = arena_copy(arena, path->volume);
    if (path->rest.n > 0) {
        struct view *mounts = ARENA_ARRAY(arena, struct view, named->mount_count + 1);
        for (uint32_t i = 0; i < named->mount_count; i++) {
            mounts[i] = named->mounts[i];
        }
        mounts[named->mount_count++] = win_path_text(arena, path);
        named->mounts = mounts;
    } else if (path->kind == VOLUME_LETTER && !view_present(named->letter)) {
        named->letter = text;
    } else if (path->kind == VOLUME_GUID && !view_present(named->guid)) {
        named->guid = text;
    } else if (path->kind == VOLUME_UNC && !view_present(named->unc)) {
        named->unc = text;
    }
}

/* The member prefix comes from the best of its specs: letter, GUID, share, mount folder. */
static uint32_t spec_rank(const struct win_path *path)
{
    return path->rest.n > 0 ? 3 : (uint32_t)path->kind;
}

static void volume_choose_prefix(struct sources *sources, struct arena *arena, uint32_t volume)
{
    const struct win_path *best = NULL;
    for (uint32_t i = 0; i < sources->table.count; i++) {
        const struct volume_spec *spec = &sources->table.specs[i];
        if (spec->volume == volume && (best == NULL || spec_rank(&spec->path) < spec_rank(best))) {
            best = &spec->path;
        }
    }
    if (best != NULL) {
        sources->volumes[volume].named.prefix = member_prefix(arena, best);
    }
}

static vsr_code volume_open(struct source_volume *out, struct arena *arena, struct view dir,
                            vsr_error *error)
{
    const char *path = arena_copy(arena, dir).p;
    OWN(fd) fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct statx stat = {0};
    if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &stat) != 0) {
        return err_sys(error, VSR_ERR_SELECTION, "pack/source",
                       "cannot open the volume's folder %s", path);
    }
    out->dir = view_of(path);
    out->device = meta_device(&stat);
    out->inode = stat.stx_ino;
    out->mount_id = stat.stx_mnt_id;
    out->fd = take_fd(&fd);
    return VSR_OK;
}

/* One "SPEC=DIR": a volume more, or another name of one that is known. */
static vsr_code source_add(struct sources *sources, struct arena *arena, const char *text,
                           vsr_error *error)
{
    const struct view all = view_of(text);
    const size_t equals = view_find(all, '=');
    if (equals == 0 || equals + 1 >= all.n || !view_is_utf8((struct view){all.p, equals})) {
        return err_set(error, VSR_ERR_SELECTION, "pack/source",
                       "--volume '%s' is not of the form SPEC=DIR", text);
    }
    const struct view spec = {all.p, equals};
    struct source_volume opened = {.fd = -1};
    vsr_code rc = volume_open(&opened, arena, view_skip(all, equals + 1), error);
    if (rc != VSR_OK) {
        return rc;
    }
    uint32_t volume = source_volume_of(sources, opened.device, opened.inode);
    const bool known = volume != MARK_NONE;
    if (!known) {
        volume = sources->volume_count;
    }
    const char *fault = NULL;
    if (!volume_table_add(&sources->table, arena, spec, volume, &fault)) {
        (void)close(opened.fd);
        return err_set(error, VSR_ERR_SELECTION, "pack/source", "--volume '%s': %s", text, fault);
    }
    if (known) {
        (void)close(opened.fd);
    } else {
        sources->volumes[sources->volume_count++] = opened;
    }
    volume_name(arena, &sources->volumes[volume],
                &sources->table.specs[sources->table.count - 1].path);
    return VSR_OK;
}

/* Which volumes hang in which: for each mount folder the volume that holds it. */
static void sources_find_mounts(struct sources *sources, struct arena *arena)
{
    sources->mounts = ARENA_ARRAY(arena, struct source_mount, sources->table.count);
    for (uint32_t i = 0; i < sources->table.count; i++) {
        const struct volume_spec *spec = &sources->table.specs[i];
        struct win_path parent = spec->path;
        while (parent.rest.n > 0 && parent.rest.p[parent.rest.n - 1] != '\\') {
            parent.rest.n--;
        }
        const struct view name = view_skip(spec->path.rest, parent.rest.n);
        parent.rest.n -= parent.rest.n > 0 ? 1 : 0;
        struct view below;
        const uint32_t host =
            name.n > 0 ? volume_table_find(&sources->table, &parent, &below) : MARK_NONE;
        if (host == MARK_NONE || host == spec->volume) {
            continue;
        }
        sources->mounts[sources->mount_count++] = (struct source_mount){
            .host = host,
            .below = arena_printf(arena, "%.*s%s%.*s", VIEW_ARG(below), below.n > 0 ? "\\" : "",
                                  VIEW_ARG(name)),
            .volume = spec->volume,
        };
    }
}

vsr_code sources_open(struct sources *sources, struct arena *arena, const char *const *specs,
                      uint32_t spec_count, vsr_error *error)
{
    *sources = (struct sources){0};
    if (spec_count == 0) {
        return err_set(error, VSR_ERR_USAGE, "pack/source", "no --volume is given to read from");
    }
    if (spec_count > SOURCE_SPECS_MAX) {
        return err_set(error, VSR_ERR_USAGE, "pack/source",
                       "%u times --volume, at most %u are allowed", spec_count, SOURCE_SPECS_MAX);
    }
    sources->volumes = ARENA_ARRAY(arena, struct source_volume, spec_count);
    for (uint32_t i = 0; i < spec_count; i++) {
        const vsr_code rc = source_add(sources, arena, specs[i], error);
        if (rc != VSR_OK) {
            return rc;
        }
    }
    sources_find_mounts(sources, arena);
    for (uint32_t i = 0; i < sources->volume_count; i++) {
        struct source_volume *volume = &sources->volumes[i];
        volume_choose_prefix(sources, arena, i);
        volume->named.case_sensitive = case_sensitive(volume->fd);
        volume->shown = meta_probe(volume->fd);
    }
    return VSR_OK;
}

void sources_close(struct sources *sources)
{
    for (uint32_t i = 0; i < sources->volume_count; i++) {
        (void)close(sources->volumes[i].fd);
    }
    sources->volume_count = 0;
    volume_table_free(&sources->table);
}

/* The entry of dir that equals name but for case: exactly so spelled, else the first in bytes'
 * order. flags are open's. */
static int open_folded(int dir_fd, struct view name, int flags)
{
    char exact[WIN_NAME_BYTES_MAX + 1];
    if (name.n > WIN_NAME_BYTES_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(exact, name.p, name.n);
    exact[name.n] = '\0';
    const int fd = openat(dir_fd, exact, flags);
    if (fd >= 0 || errno != ENOENT) {
        return fd;
    }
    OWN(fd) own = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = own >= 0 ? fdopendir(own) : NULL;
    if (dir == NULL) {
        return -1;
    }
    (void)take_fd(&own); /* the stream owns it */
    char found[WIN_NAME_BYTES_MAX + 1] = "";
    for (const struct dirent *item = readdir(dir); item != NULL; item = readdir(dir)) {
        if (win_fold_equal(view_of(item->d_name), name) &&
            (found[0] == '\0' || strcmp(item->d_name, found) < 0)) {
            (void)snprintf(found, sizeof found, "%s", item->d_name);
        }
    }
    (void)closedir(dir);
    errno = ENOENT;
    return found[0] == '\0' ? -1 : openat(dir_fd, found, flags);
}

int source_open_file(const struct sources *sources, uint32_t volume, struct view below)
{
    struct view rest = below;
    struct view name = win_path_element(&rest);
    OWN(fd) dir = openat(sources->volumes[volume].fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    while (dir >= 0 && rest.n > 0) {
        const int next = open_folded(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        own_fd_drop(&dir);
        dir = next;
        name = win_path_element(&rest);
    }
    if (dir < 0 || !view_present(name)) {
        return -1;
    }
    return open_folded(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}
