/* volume_names.c - what files on a Windows server are called and how large they are, by seed. A
 * name is built from the specification and then held against vss/winpath's matcher, which alone
 * says what fits. */
#include "volume_names.h"

#include "base/buffer.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* With blanks, dots, umlauts, kanji, Cyrillic, a pair of surrogates: what names may hold. */
static const char *const stems[] = {
    "data",    "setup",           "index",  "Protokoll M\xC3\xA4rz",
    "read me", "backup.2023.old", "config", "\xE5\xA0\xB1\xE5\x91\x8A\xE6\x9B\xB8",
    "trace",   "_cache",          "Report", "\xD0\xBE\xD1\x82\xD1\x87\xD1\x91\xD1\x82",
    "net-3",   "{A1B2}",          "schema", "photo \xF0\x9F\x93\xB7",
};
static const char *const extensions[] = {".dll", ".exe", ".dat",  ".log", ".xml",
                                         ".txt", ".mui", ".json", ""};
static const char *const folders[] = {
    "en-US",      "Archive",
    "sub folder", "\303\234bersicht", /* octal ends by itself; \x9Cbe would not */
    "v2.0",       "logs",
    "1033",       "\xE8\xB3\x87\xE6\x96\x99"};

static const struct view words[SIZES_COUNT] = {
    [SIZES_WINDOWS] = {"windows", 7},
    [SIZES_SMALL] = {"small", 5},
    [SIZES_DATABASE] = {"database", 8},
    [SIZES_TINY] = {"tiny", 4},
};

enum volume_sizes volume_sizes_parse(struct view text)
{
    enum volume_sizes sizes = SIZES_WINDOWS;
    while (sizes < SIZES_COUNT && !view_equal(words[sizes], text)) {
        sizes++;
    }
    return sizes;
}

uint64_t volume_size(enum volume_sizes sizes, struct content_rng *rng)
{
    const uint64_t draw = content_below(rng, 1000);
    switch (sizes) {
    case SIZES_TINY:
        return draw < 100 ? 0 : content_below(rng, 1000);
    case SIZES_SMALL:
        return content_log_uniform(rng, 1024, 16384);
    case SIZES_DATABASE:
        return content_log_uniform(rng, 1 << 20, 64 << 20) & ~(uint64_t)8191;
    case SIZES_WINDOWS:
    case SIZES_COUNT:
        break;
    }
    if (draw < 5) {
        return 0;
    }
    return draw < 15 ? content_log_uniform(rng, 65536, 4 << 20)
                     : content_log_uniform(rng, 200, 65536);
}

static void any_name(struct buffer *out, struct content_rng *rng, uint32_t number)
{
    const char *stem = stems[content_below(rng, COUNT(stems))];
    if (number == 0) {
        buffer_printf(out, "README %s", stem);
    } else {
        buffer_printf(out, "%s%u%s", stem, number,
                      extensions[content_below(rng, COUNT(extensions))]);
    }
}

/* '?' may stand for nothing at the end of the name and before a dot. */
static bool question_may_vanish(struct view spec, size_t at)
{
    while (at < spec.n && spec.p[at] == '?') {
        at++;
    }
    return at == spec.n || spec.p[at] == '.';
}

static void fitting_name(struct buffer *out, struct view spec, struct content_rng *rng,
                         uint32_t number)
{
    for (size_t i = 0; i < spec.n; i++) {
        if (spec.p[i] == '*' && i == 0) {
            const char *stem = stems[content_below(rng, COUNT(stems))];
            buffer_printf(out, "%s%u", stem, number);
        } else if (spec.p[i] == '*' && number > 0) {
            buffer_printf(out, "%04X%u", (unsigned)content_below(rng, 0x10000), number);
        } else if (spec.p[i] == '?' && (number > 0 || !question_may_vanish(spec, i))) {
            buffer_add_char(out, (char)('0' + content_below(rng, 10)));
        } else if (spec.p[i] != '*' && spec.p[i] != '?') {
            buffer_add_char(out, spec.p[i]);
        }
    }
}

struct view volume_name(struct arena *arena, const struct win_spec *spec, struct content_rng *rng,
                        uint32_t number)
{
    struct buffer name = {0};
    if (spec->all) {
        any_name(&name, rng, number);
    } else {
        fitting_name(&name, spec->text, rng, number);
    }
    struct view made = arena_copy(arena, buffer_view(&name));
    if (!view_present(made) || win_name_fault(made) != NULL || !win_spec_match(spec, made)) {
        made = VIEW_NONE;
    }
    buffer_free(&name);
    return made;
}

struct view volume_folder_name(struct arena *arena, struct content_rng *rng, uint32_t number)
{
    return arena_printf(arena, "%s-%u", folders[content_below(rng, COUNT(folders))], number);
}
