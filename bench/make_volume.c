/* make_volume.c - the volumes of a server, made to fit its VSS documents.
 *
 *     make_volume --documents DIR --out DIR [--seed N] [--env NAME=value ...] [--scale N]
 *                 [--sizes windows|small|database|tiny]
 *
 * Each file set of each writer gets files: a literal name that file, a wildcard several that fit,
 * a recursive set also subfolders and an empty folder; excluded files, and files of no component,
 * stand among them. Folders are spelled as the first document spells them. What a backup would
 * have saved in parts is sparse, with data where the ranges are. OUT/C, OUT/Volume{guid},
 * OUT/UNC/server/share are the volumes; OUT/pack-options names them for `vssrestore pack`, an
 * argument a line. The totals are printed as JSON. The same seed makes the same trees.
 *
 * Uses the library's reading of documents and names: what it does with them otherwise is made
 * here, independently of pack and plan. */
#include "volume_environment.h"
#include "volume_sets.h"

#include "base/heap.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct options {
    const char **documents;
    size_t document_count, document_capacity;
    const char **environment; /* NAME=value; later ones win */
    size_t environment_count, environment_capacity;
    const char *out;
    uint64_t seed;
    uint32_t scale;
    enum volume_sizes sizes;
};

static int usage(FILE *to)
{
    (void)fputs("usage: make_volume --documents DIR|FILE ... --out DIR [--seed N]\n"
                "           [--env NAME=value ...] [--scale N (times as many made names)]\n"
                "           [--sizes windows|small|database|tiny]\n",
                to);
    return to == stdout ? 0 : 2;
}

static bool number_read(const char *text, uint64_t max, uint64_t *out)
{
    return view_to_u64(view_of(text), out) && *out <= max;
}

static bool option_take(struct options *options, const char *name, const char *value)
{
    const struct view option = view_of(name);
    uint64_t number = 0;
    if (view_equal(option, VIEW("--documents"))) {
        options->documents = heap_grow(options->documents, options->document_count,
                                       &options->document_capacity, sizeof *options->documents);
        options->documents[options->document_count++] = value;
    } else if (view_equal(option, VIEW("--env")) && strchr(value, '=') != NULL) {
        options->environment =
            heap_grow(options->environment, options->environment_count,
                      &options->environment_capacity, sizeof *options->environment);
        options->environment[options->environment_count++] = value;
    } else if (view_equal(option, VIEW("--out")) && strchr(value, '\n') == NULL) {
        options->out = value;
    } else if (view_equal(option, VIEW("--seed")) && number_read(value, UINT64_MAX, &number)) {
        options->seed = number;
    } else if (view_equal(option, VIEW("--scale")) && number_read(value, 100000, &number)) {
        options->scale = (uint32_t)number;
    } else if (view_equal(option, VIEW("--sizes"))) {
        options->sizes = volume_sizes_parse(view_of(value));
        return options->sizes != SIZES_COUNT;
    } else {
        return false;
    }
    return true;
}

static bool options_read(struct options *options, int argc, char **argv)
{
    *options = (struct options){.seed = 1, .scale = 1};
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc || !option_take(options, argv[i], argv[i + 1])) {
            (void)fprintf(stderr, "make_volume: '%s' is no option, or its value is wrong\n",
                          argv[i]);
            return false;
        }
    }
    return options->document_count > 0 && options->out != NULL && options->scale > 0;
}

static int fail(const char *what, const char *on, int os_errno)
{
    (void)fprintf(stderr, "make_volume: cannot %s %s: %s\n", what, on, strerror(os_errno));
    return 1;
}

static void path_line(struct buffer *text, const char *out, const struct volume_sets *sets,
                      const struct volume_place *place)
{
    const struct view spec = place->path.volume;
    buffer_printf(text, "--volume\n%.*s%s=%s/%.*s\n", VIEW_ARG(spec),
                  place->path.kind == VOLUME_GUID ? "\\" : "", out,
                  VIEW_ARG(volume_tree_path(sets->tree, place->root)));
}

static int pack_options_write(int out_fd, const char *out, const struct volume_sets *sets)
{
    struct buffer text = {0};
    for (size_t i = 0; i < sets->place_count; i++) {
        path_line(&text, out, sets, &sets->places[i]);
    }
    for (uint32_t i = 0; i < sets->env.count; i++) {
        buffer_printf(&text, "--env\n%.*s=%.*s\n", VIEW_ARG(sets->env.names[i][0]),
                      VIEW_ARG(sets->env.names[i][1]));
    }
    const int fd = openat(out_fd, "pack-options", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    int rc = fd < 0 ? errno : 0;
    if (rc == 0 && write(fd, text.p, text.n) != (ssize_t)text.n) {
        rc = errno;
    }
    (void)close(fd);
    buffer_free(&text);
    return rc == 0 ? 0 : fail("write", "pack-options", rc);
}

static void totals_print(const struct volume_sets *sets)
{
    static const char *const kinds[TREE_KIND_COUNT] = {"component", "excluded", "unprotected"};
    struct tree_totals totals;
    struct buffer text = {0};
    struct json json = json_into(&text);
    volume_tree_count(sets->tree, &totals);
    json_object_begin(&json, NULL);
    json_u64(&json, "files", totals.files);
    json_u64(&json, "bytes", totals.bytes);
    json_u64(&json, "folders", totals.folders);
    json_u64(&json, "left_out", sets->left_out);
    for (int kind = 0; kind < TREE_KIND_COUNT; kind++) {
        json_object_begin(&json, kinds[kind]);
        json_u64(&json, "files", totals.files_by_kind[kind]);
        json_u64(&json, "bytes", totals.bytes_by_kind[kind]);
        json_object_end(&json);
    }
    json_object_end(&json);
    json_line_end(&json);
    (void)fwrite(text.p, 1, text.n, stdout);
    buffer_free(&text);
}

/* The folder must be new, or empty: mkdirat() and O_EXCL see to the rest. */
static int volumes_write(const struct volume_sets *sets, const char *out, uint64_t seed)
{
    uint32_t failed = 0;
    if (mkdir(out, 0755) != 0 && errno != EEXIST) {
        return fail("make", out, errno);
    }
    char *absolute = realpath(out, NULL);
    const int out_fd = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (absolute == NULL || out_fd < 0) {
        return fail("open", out, errno);
    }
    int rc = volume_tree_write(sets->tree, out_fd, seed, &failed);
    if (rc != 0) {
        rc = fail("write", volume_tree_path(sets->tree, failed).p, rc);
    } else {
        rc = pack_options_write(out_fd, absolute, sets);
    }
    (void)close(out_fd);
    free(absolute);
    return rc;
}

static int volumes_make(const struct options *options, const struct documents *documents,
                        struct arena *arena)
{
    struct volume_tree tree;
    volume_tree_init(&tree, arena);
    struct volume_sets sets = {.tree = &tree,
                               .arena = arena,
                               .sizes = options->sizes,
                               .scale = options->scale,
                               .rng = {options->seed}};
    volume_environment(&sets.env, arena, options->environment,
                       (uint32_t)options->environment_count);
    int rc = 0;
    if (!volume_sets_place(&sets, documents)) {
        for (size_t i = 0; i < sets.unknown_count; i++) {
            (void)fprintf(stderr, "make_volume: no value for %%%.*s%%: give --env\n",
                          VIEW_ARG(sets.unknown_names[i]));
        }
        rc = 2;
    } else {
        rc = volumes_write(&sets, options->out, options->seed);
    }
    if (rc == 0) {
        totals_print(&sets);
    }
    volume_sets_free(&sets);
    volume_tree_free(&tree);
    return rc;
}

int main(int argc, char **argv)
{
    struct options options;
    struct documents documents = {0};
    struct arena arena = {0};
    vsr_error error = {0};
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        return usage(stdout);
    }
    if (!options_read(&options, argc, argv)) {
        free(options.documents);
        free(options.environment);
        return usage(stderr);
    }
    int rc = -(int)documents_read(&documents, options.documents, (uint32_t)options.document_count,
                                  &error);
    if (rc != 0) {
        (void)fprintf(stderr, "make_volume: %s\n", error.what);
    } else {
        rc = volumes_make(&options, &documents, &arena);
        documents_free(&documents);
    }
    arena_free(&arena);
    free(options.documents);
    free(options.environment);
    return rc;
}
