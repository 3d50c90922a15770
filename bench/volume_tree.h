/* volume_tree.h - the volumes' trees before they are written: folders and files by name, each
 * spelled as the first that named it, as Windows does; and the file sets that hang on folders.
 *
 * Everything stands in memory until volume_tree_write(): who names a file twice finds it, a file
 * whose name is a folder's is not made, and every file can be told its kind at the end. */
#ifndef BENCH_VOLUME_TREE_H
#define BENCH_VOLUME_TREE_H

#include "content.h"

#include "base/hash_map.h"
#include "base/limits.h"
#include "vss/winpath.h"

/* A file set or exclude with wildcards, on the folder that it names. */
struct tree_rule {
    uint32_t next; /* of the same folder; MARK_NONE ends */
    uint32_t writer;
    bool exclude;
    bool recursive;
    struct win_spec spec;
    uint32_t normal; /* the folder that the files are catalogued under: another one than that which
                        the rule hangs on if the backup read them elsewhere (rules 5.2) */
};

struct tree_node {
    uint32_t parent;
    struct view name;
    bool folder;
    bool protected_file;            /* named by a component, without wildcard, and not excluded */
    uint32_t first_rule;            /* of a folder */
    uint64_t size;                  /* of a file */
    struct content_extent *extents; /* NULL: all data */
    size_t extent_count;
    struct view bytes; /* present: exactly these */
};

struct volume_tree {
    struct arena *arena;
    struct tree_node *nodes; /* 0: what all volumes stand in; parents before children */
    uint32_t node_count;
    size_t node_capacity;
    struct hash_map names;
    struct tree_rule *rules;
    uint32_t rule_count;
    size_t rule_capacity;
};

enum tree_kind { TREE_COMPONENT, TREE_EXCLUDED, TREE_UNPROTECTED, TREE_KIND_COUNT };

struct tree_totals {
    uint64_t files, bytes, folders;
    uint64_t files_by_kind[TREE_KIND_COUNT];
    uint64_t bytes_by_kind[TREE_KIND_COUNT];
};

void volume_tree_init(struct volume_tree *tree, struct arena *arena);
void volume_tree_free(struct volume_tree *tree);

/* The root of path's volume, "C" or "Volume{guid}" or "UNC/server/share"; made where missing. */
uint32_t volume_tree_root(struct volume_tree *tree, const struct win_path *path);
/* The folder of path, made where missing. MARK_NONE: a file has its name, or no volume can hold
 * an element of it. */
uint32_t volume_tree_folder(struct volume_tree *tree, const struct win_path *path);
uint32_t volume_tree_subfolder(struct volume_tree *tree, uint32_t folder, struct view name);
/* The file, made where missing (size 0). MARK_NONE: as above. */
uint32_t volume_tree_file(struct volume_tree *tree, uint32_t folder, struct view name);
/* The child of this name, MARK_NONE: there is none. */
uint32_t volume_tree_find(const struct volume_tree *tree, uint32_t folder, struct view name);

void volume_tree_add_rule(struct volume_tree *tree, uint32_t folder, const struct tree_rule *rule);

/* Does an exclude of the writer hit folder\name? The folder stands below `at`, whose files are
 * catalogued under `normal` (at == normal: they stand where they belong). */
bool volume_tree_excluded(const struct volume_tree *tree, uint32_t writer, uint32_t folder,
                          struct view name, uint32_t at, uint32_t normal);

/* What a file is by all the rules: of a component unless its own writer excludes it. */
enum tree_kind volume_tree_kind(const struct volume_tree *tree, uint32_t file);

/* Below the tree's own folder, with '/' between. In the arena. */
struct view volume_tree_path(const struct volume_tree *tree, uint32_t node);

/* Make all of it in out_fd. Bytes and times come from seed and path alone. Returns 0 or an
 * errno, *failed being the node. */
int volume_tree_write(const struct volume_tree *tree, int out_fd, uint64_t seed, uint32_t *failed);

void volume_tree_count(const struct volume_tree *tree, struct tree_totals *totals);

#endif
