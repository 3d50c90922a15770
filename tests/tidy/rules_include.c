/* rules_include.c - who may include what: the data's way through the modules, and the one home
 * of each foreign library.
 *
 * A row of these tables is a decision about the architecture (src/README.md): change it there
 * first. Only the text of #include lines is read; that they compile is the compiler's business. */
#include "tidy.h"

#include <string.h>

/* The only legal directions between the modules of src/. */
static const struct {
    const char *module;
    const char *may_include;
} layers[] = {
    {"base", "base"},
    {"vss", "vss base"},
    {"media", "media base"},
    {"plan", "plan vss media base"},
    {"dest", "dest plan vss media base"}, /* vss: names folded as the documents mean them */
    {"report", "report plan vss base"},
    {"engine", "engine dest plan media base"},
    {"pack", "pack plan media vss base"},
    {"run", "run pack engine report dest plan media vss base"},
    {"api", "api run pack engine report dest plan media vss base"},
};

/* The promise, include/vssrestore/, is seen from inside by these alone. */
static const char *const public_header_users[] = {
    "src/api/", "src/base/err.h", /* the error value is the same inside and outside */
};

/* tools/ and bench/ are front ends: they see the promise alone. These are not. */
static const struct {
    const char *path;
    const char *reason;
} inside_programs[] = {
    {"bench/make_volume.c", "makes test volumes and their documents; no front end does"},
    {"bench/volume_names.c", "a part of make_volume"},
    {"bench/volume_names.h", "a part of make_volume"},
    {"bench/index_corpus.c", "writes an index without packs"},
    {"bench/index_corpus.h", "writes an index without packs"},
    {"bench/plan_cost.c", "measures the planner and the floor below it"},
    {"bench/volume_environment.c", "a part of make_volume"},
    {"bench/volume_environment.h", "a part of make_volume"},
    {"bench/volume_sets.c", "a part of make_volume"},
    {"bench/volume_sets.h", "a part of make_volume"},
    {"bench/volume_tree.c", "a part of make_volume"},
    {"bench/volume_tree.h", "a part of make_volume"},
    {"bench/match_cost.c", "measures plan/match.h alone, which has no public door"},
};

/* Each foreign library has its homes; tests may use any of them as a second opinion, and bench
 * those that measure the machine. */
static const struct {
    const char *header; /* a prefix of what stands between the brackets */
    const char *homes;  /* prefixes of paths */
} foreign[] = {
    {"libxml/", "src/vss/xml.c tests/"},
    {"liburing", "src/engine/ring bench/ tests/"},
    {"linux/io_uring.h", "src/engine/ring bench/ tests/"},
    {"lz4", "src/media/ src/engine/ bench/ tests/"},
    {"xxh", "src/base/xxh3.h src/base/hash_map.c bench/ tests/"},
    {"jansson.h", "src/media/ src/plan/ src/report/ src/run/ src/api/ tests/"},
    {"cmocka.h", "tests/"},
};

/* What a public header may lean on: headers of the language, of both C and C++. */
static const char *const public_may_include = "stddef.h stdint.h stdbool.h stdarg.h sys/types.h";

struct include {
    const char *name; /* what stands between the brackets or quotes */
    size_t name_bytes;
    size_t line;
    bool quoted;
};

/* The path's first part after a prefix of so many bytes, up to '/'; 0 bytes: no '/' follows. */
static size_t part_bytes(const char *text, size_t text_bytes)
{
    const char *slash = memchr(text, '/', text_bytes);
    return slash != NULL ? (size_t)(slash - text) : 0;
}

static bool include_starts(const struct include *include, const char *prefix)
{
    const size_t n = strlen(prefix);
    return include->name_bytes >= n && memcmp(include->name, prefix, n) == 0;
}

static bool path_in(const char *path, const char *homes)
{
    while (*homes != '\0') {
        const size_t n = strcspn(homes, " ");
        if (strncmp(path, homes, n) == 0) {
            return true;
        }
        homes += n;
        homes += strspn(homes, " ");
    }
    return false;
}

static const char *layer_of(const char *module, size_t module_bytes)
{
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        if (strlen(layers[i].module) == module_bytes &&
            memcmp(layers[i].module, module, module_bytes) == 0) {
            return layers[i].may_include;
        }
    }
    return NULL;
}

static void check_home(struct tidy *tidy, const struct source *source,
                       const struct include *include)
{
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        if (include_starts(include, foreign[i].header) &&
            !path_in(source->path, foreign[i].homes)) {
            tidy_find(tidy, source, include->line, RULE_HEADER_HOME,
                      "<%.*s> is included in %s only", (int)include->name_bytes, include->name,
                      foreign[i].homes);
        }
    }
}

/* A file of src/<module>/. */
static void check_inside(struct tidy *tidy, const struct source *source,
                         const struct include *include)
{
    if (include_starts(include, "vssrestore/")) {
        for (size_t i = 0; i < sizeof public_header_users / sizeof *public_header_users; i++) {
            if (text_starts(source->path, public_header_users[i])) {
                return;
            }
        }
        tidy_find(tidy, source, include->line, RULE_INCLUDE_DIRECTION,
                  "vssrestore/*.h is for src/api and base/err.h; include \"base/err.h\"");
        return;
    }
    if (!include->quoted) {
        return;
    }
    const char *own = source->path + strlen("src/");
    const size_t own_bytes = part_bytes(own, strlen(own));
    const char *may_include = layer_of(own, own_bytes);
    const size_t other_bytes = part_bytes(include->name, include->name_bytes);
    if (may_include == NULL) {
        tidy_find(tidy, source, include->line, RULE_INCLUDE_DIRECTION,
                  "'%.*s' is no module: give it a row in tests/tidy/rules_include.c",
                  (int)own_bytes, own);
    } else if (other_bytes == 0) {
        tidy_find(tidy, source, include->line, RULE_INCLUDE_DIRECTION,
                  "write \"module/file.h\", from src/ on");
    } else if (!text_list_has(may_include, include->name, other_bytes)) {
        tidy_find(tidy, source, include->line, RULE_INCLUDE_DIRECTION, "%.*s may include: %s",
                  (int)own_bytes, own, may_include);
    }
}

/* A file of tools/ or bench/: no header of the inside, in quotes or brackets. */
static void check_front_end(struct tidy *tidy, const struct source *source,
                            const struct include *include)
{
    for (size_t i = 0; i < sizeof inside_programs / sizeof *inside_programs; i++) {
        if (strcmp(source->path, inside_programs[i].path) == 0) {
            return;
        }
    }
    const size_t module_bytes = part_bytes(include->name, include->name_bytes);
    if (module_bytes > 0 && layer_of(include->name, module_bytes) != NULL) {
        tidy_find(tidy, source, include->line, RULE_INCLUDE_DIRECTION,
                  "a front end sees vssrestore/*.h alone, not \"%.*s\"", (int)include->name_bytes,
                  include->name);
    }
}

/* A file of include/: compiles alone, for anybody. */
static void check_public(struct tidy *tidy, const struct source *source,
                         const struct include *include)
{
    if (!include_starts(include, "vssrestore/") &&
        !text_list_has(public_may_include, include->name, include->name_bytes)) {
        tidy_find(tidy, source, include->line, RULE_INCLUDE_DIRECTION,
                  "a public header includes vssrestore/*.h and: %s", public_may_include);
    }
}

/* Is this line an #include? */
static bool include_parse(struct include *include, const struct source *source, size_t number)
{
    size_t n = 0;
    const char *line = source_line(source, number, &n);
    const char *end = line + n;
    if (n == 0 || line[0] != '#' || source_class(source, line) != TEXT_CODE) {
        return false;
    }
    line++;
    line += strspn(line, " ");
    if (!text_starts(line, "include")) {
        return false;
    }
    line += strlen("include");
    line += strspn(line, " ");
    if (line >= end || (*line != '"' && *line != '<')) {
        return false;
    }
    const char *close = memchr(line + 1, *line == '<' ? '>' : '"', (size_t)(end - line - 1));
    if (close == NULL) {
        return false;
    }
    *include = (struct include){line + 1, (size_t)(close - line - 1), number + 1, *line == '"'};
    return true;
}

void tidy_include(struct tidy *tidy, const struct source *source)
{
    for (size_t line = 0; line < source->line_count; line++) {
        struct include include;
        if (!include_parse(&include, source, line)) {
            continue;
        }
        check_home(tidy, source, &include);
        if (text_starts(source->path, "src/")) {
            check_inside(tidy, source, &include);
        } else if (text_starts(source->path, "include/")) {
            check_public(tidy, source, &include);
        } else if (!text_starts(source->path, "tests/")) {
            check_front_end(tidy, source, &include);
        }
    }
}
