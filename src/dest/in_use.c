/* in_use.c - /proc/swaps, loop devices, /proc/locks and /proc/PID/fd into one table of files.
 *
 * A file is its device and inode number, as statx() gives them. Nothing is opened but the lists
 * themselves, and no file is asked of a server (AT_STATX_DONT_SYNC), so that a dead mount does
 * not hold the planner up. Leases and text-busy are asked of each file by probe_entry.c. */
#include "dest/in_use.h"

#include "base/buffer.h"
#include "base/hash_map.h"
#include "base/heap.h"
#include "base/limits.h"
#include "base/own.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { IN_USE_STEP_BYTES = 64 << 10 };

struct in_use_file {
    uint64_t device, inode;
    const char *reason;
};

struct in_use_table {
    struct hash_map map;
    struct in_use_file *files;
    size_t count, capacity;
};

static uint64_t file_hash(uint64_t device, uint64_t inode)
{
    const uint64_t key[2] = {device, inode};
    return hash_bytes(key, sizeof key);
}

static bool file_equal(const void *context, const void *key, uint32_t number)
{
    const struct in_use_table *table = context;
    const struct in_use_file *wanted = key;
    return table->files[number].device == wanted->device &&
           table->files[number].inode == wanted->inode;
}

static void table_add(struct in_use_table *table, uint64_t device, uint64_t inode,
                      const char *reason)
{
    const struct in_use_file file = {device, inode, reason};
    const uint64_t hash = file_hash(device, inode);
    if (table->count == IN_USE_FILES_MAX ||
        hash_map_find(&table->map, hash, &file, file_equal, table) != MARK_NONE) {
        return; /* the first reason stays */
    }
    table->files = heap_grow(table->files, table->count, &table->capacity, sizeof *table->files);
    table->files[table->count] = file;
    hash_map_add(&table->map, hash, (uint32_t)table->count++);
}

static void table_add_path(struct in_use_table *table, int dir_fd, const char *path,
                           const char *reason)
{
    struct statx facts;
    if (statx(dir_fd, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE | STATX_INO, &facts) ==
            0 &&
        S_ISREG(facts.stx_mode)) {
        table_add(table, makedev(facts.stx_dev_major, facts.stx_dev_minor), facts.stx_ino, reason);
    }
}

/* Lists of the kernel have no size: read to their end. False: not there, or too long. */
static bool list_read(int dir_fd, const char *name, struct buffer *out)
{
    OWN(fd) fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : 1;
    while (got > 0 && out->n < IN_USE_LIST_BYTES_MAX) {
        buffer_reserve(out, IN_USE_STEP_BYTES);
        got = read(fd, out->p + out->n, IN_USE_STEP_BYTES);
        out->n += got > 0 ? (size_t)got : 0;
    }
    return got == 0;
}

static struct view list_line(struct view *rest)
{
    const size_t n = view_find(*rest, '\n');
    const struct view line = {rest->p, n};
    *rest = view_skip(*rest, n < rest->n ? n + 1 : n);
    return line;
}

static struct view line_word(struct view *line)
{
    while (line->n > 0 && line->p[0] == ' ') {
        *line = view_skip(*line, 1);
    }
    size_t n = 0;
    while (n < line->n && line->p[n] != ' ' && line->p[n] != '\t') {
        n++;
    }
    const struct view word = {line->p, n};
    *line = view_skip(*line, n);
    return word;
}

/* --- swap files: "PATH type size used priority", blanks in PATH as \040 --- */

static void swap_add(struct in_use_table *table, struct view escaped)
{
    struct buffer path = {0};
    for (size_t i = 0; i < escaped.n; i++) {
        const char *p = escaped.p + i;
        if (*p == '\\' && escaped.n - i > 3) {
            buffer_add_char(&path, (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0')));
            i += 3;
        } else {
            buffer_add_char(&path, *p);
        }
    }
    buffer_add_char(&path, '\0');
    table_add_path(table, AT_FDCWD, path.p, "it is in use: the system swaps to it");
    buffer_free(&path);
}

static void read_swaps(struct in_use_table *table)
{
    struct buffer text = {0};
    if (list_read(AT_FDCWD, "/proc/swaps", &text)) {
        struct view rest = buffer_view(&text);
        while (rest.n > 0) {
            struct view line = list_line(&rest);
            if (line.n > 0 && line.p[0] == '/') {
                swap_add(table, line_word(&line));
            }
        }
    }
    buffer_free(&text);
}

/* --- what loop devices stand on --- */

static void read_loops(struct in_use_table *table)
{
    DIR *list = opendir("/sys/block");
    if (list == NULL) {
        return;
    }
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        char name[sizeof "/loop/backing_file" + sizeof entry->d_name];
        struct buffer path = {0};
        if (strncmp(entry->d_name, "loop", 4) != 0) {
            continue;
        }
        (void)snprintf(name, sizeof name, "%s/loop/backing_file", entry->d_name);
        if (list_read(dirfd(list), name, &path) && path.n > 1) {
            path.p[path.n - 1] = '\0'; /* the newline at its end */
            table_add_path(table, AT_FDCWD, path.p, "it is in use: a loop device stands on it");
        }
        buffer_free(&path);
    }
    (void)closedir(list);
}

/* --- locks: "1: POSIX  ADVISORY  WRITE 3568 fd:00:2531452 0 EOF", "1: -> ..." for who waits --- */

static bool parse_device_inode(struct view word, uint64_t *device, uint64_t *inode)
{
    const size_t first = view_find(word, ':');
    const struct view rest = view_skip(word, first < word.n ? first + 1 : first);
    const size_t second = view_find(rest, ':');
    char text[16];
    if (second == rest.n || first >= sizeof text || second >= sizeof text) {
        return false;
    }
    memcpy(text, word.p, first);
    text[first] = '\0';
    const unsigned long high = strtoul(text, NULL, 16);
    memcpy(text, rest.p, second);
    text[second] = '\0';
    const unsigned long low = strtoul(text, NULL, 16);
    *device = makedev((unsigned)high, (unsigned)low);
    return view_to_u64(view_skip(rest, second + 1), inode);
}

static void lock_add(struct in_use_table *table, struct view line, uint64_t own_pid)
{
    (void)line_word(&line); /* its number */
    struct view kind = line_word(&line);
    if (view_equal(kind, VIEW("->"))) {
        kind = line_word(&line);
    }
    (void)line_word(&line); /* ADVISORY */
    (void)line_word(&line); /* WRITE */
    uint64_t pid = 0, device = 0, inode = 0;
    if (view_to_u64(line_word(&line), &pid) && pid == own_pid) {
        return;
    }
    if (parse_device_inode(line_word(&line), &device, &inode)) {
        table_add(table, device, inode,
                  view_equal(kind, VIEW("LEASE"))
                      ? "it is in use: another process has a lease on it"
                      : "it is in use: another process has locked it");
    }
}

static void read_locks(struct in_use_table *table)
{
    struct buffer text = {0};
    if (list_read(AT_FDCWD, "/proc/locks", &text)) {
        struct view rest = buffer_view(&text);
        while (rest.n > 0) {
            lock_add(table, list_line(&rest), (uint64_t)getpid());
        }
    }
    buffer_free(&text);
}

/* --- descriptors --- */

static void read_descriptors(struct in_use_table *table, int proc_fd, const char *pid)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%.32s/fd", pid);
    const int fd = openat(proc_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    if (list == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return; /* not ours to look at, or gone */
    }
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        if (entry->d_name[0] != '.') {
            table_add_path(table, fd, entry->d_name, "it is in use: another process has it open");
        }
    }
    (void)closedir(list);
}

static void read_processes(struct in_use_table *table)
{
    DIR *list = opendir("/proc");
    if (list == NULL) {
        return;
    }
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        uint64_t pid = 0;
        if (view_to_u64(view_of(entry->d_name), &pid) && pid != (uint64_t)getpid()) {
            read_descriptors(table, dirfd(list), entry->d_name);
        }
    }
    (void)closedir(list);
}

struct in_use_table *in_use_read(void)
{
    struct in_use_table *table = heap_alloc(1, sizeof *table);
    read_swaps(table);
    read_loops(table);
    read_locks(table);
    read_processes(table);
    return table;
}

const char *in_use_reason(const struct in_use_table *table, uint64_t device, uint64_t inode)
{
    const struct in_use_file file = {device, inode, NULL};
    const uint32_t number =
        hash_map_find(&table->map, file_hash(device, inode), &file, file_equal, table);
    return number == MARK_NONE ? NULL : table->files[number].reason;
}

void in_use_free(struct in_use_table *table)
{
    if (table != NULL) {
        hash_map_free(&table->map);
        free(table->files);
        free(table);
    }
}
