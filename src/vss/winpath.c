/* winpath.c - a Windows path brought to its canonical form, and written again (rules 5.3).
 *
 * Between the documents' strings (expanded by vss/winenv.c) and every comparison of places.
 * The spelling of elements is kept; who compares folds (vss/winfold.c). That a letter and a
 * GUID may be one volume is the caller's knowledge: a drive table is no part of a path. */
#include "vss/winpath.h"

#include "base/buffer.h"
#include "base/limits.h"
#include "base/uuid.h"
#include "vss/wtf8.h"

static const char *const fault_texts[] = {
    [WIN_PATH_OK] = "it is a path",
    [WIN_PATH_EMPTY] = "it is empty",
    [WIN_PATH_RELATIVE] = "it begins with no volume (X:\\, \\\\server\\share, \\\\?\\Volume{GUID})",
    [WIN_PATH_DOTS] = "it holds a \".\" or \"..\" element",
    [WIN_PATH_WILDCARD] = "it holds a '*' or '?'",
    [WIN_PATH_TOO_LONG] = "it, or a name in it, is longer than Windows allows",
    [WIN_PATH_BAD_NAME] = "a name in it holds a ':' or a NUL",
};

const char *win_path_fault_text(enum win_path_fault fault)
{
    return fault_texts[fault];
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static struct view skip_backslashes(struct view text)
{
    while (text.n > 0 && text.p[0] == '\\') {
        text = view_skip(text, 1);
    }
    return text;
}

static bool starts_ascii(struct view text, struct view prefix)
{
    return text.n >= prefix.n && view_equal_ascii((struct view){text.p, prefix.n}, prefix);
}

/* text with '/' taken for '\', in the arena. */
static struct view slashes_turned(struct arena *arena, struct view text)
{
    char *turned = arena_alloc(arena, text.n + 1, 1);
    for (size_t i = 0; i < text.n; i++) {
        turned[i] = text.p[i] == '/' ? '\\' : text.p[i];
    }
    return (struct view){turned, text.n};
}

/* Cuts the prefix from *text, which then begins with the volume's own name: a letter, a
 * server, or "Volume{". What stands there is checked by whom it is read. */
static enum win_volume_kind take_prefix(struct view *text)
{
    if (view_starts(*text, VIEW("\\\\?\\")) || view_starts(*text, VIEW("\\??\\"))) {
        *text = skip_backslashes(view_skip(*text, 4));
        if (starts_ascii(*text, VIEW("Volume{"))) {
            return VOLUME_GUID;
        }
        if (!starts_ascii(*text, VIEW("UNC\\"))) {
            return VOLUME_LETTER;
        }
        *text = skip_backslashes(view_skip(*text, 4));
        return VOLUME_UNC;
    }
    if (view_starts(*text, VIEW("\\\\"))) {
        *text = skip_backslashes(*text);
        return VOLUME_UNC;
    }
    return VOLUME_LETTER;
}

struct view win_path_element(struct view *rest)
{
    *rest = skip_backslashes(*rest);
    if (rest->n == 0) {
        return VIEW_NONE;
    }
    const struct view element = {rest->p, view_find(*rest, '\\')};
    *rest = skip_backslashes(view_skip(*rest, element.n));
    return element;
}

static enum win_path_fault element_fault(struct view element)
{
    if (view_equal(element, VIEW(".")) || view_equal(element, VIEW(".."))) {
        return WIN_PATH_DOTS;
    }
    if (view_find(element, '*') < element.n || view_find(element, '?') < element.n) {
        return WIN_PATH_WILDCARD;
    }
    if (view_find(element, ':') < element.n || view_find(element, '\0') < element.n) {
        return WIN_PATH_BAD_NAME;
    }
    return wtf8_count(element) > WIN_NAME_UNITS_MAX ? WIN_PATH_TOO_LONG : WIN_PATH_OK;
}

/* "C:" or "C:\...": C alone is its root, as "\\server\share" is. */
static enum win_path_fault take_letter(struct arena *arena, struct view *text, struct view *volume)
{
    if (text->n < 2 || !is_letter(text->p[0]) || text->p[1] != ':' ||
        (text->n > 2 && text->p[2] != '\\')) {
        return WIN_PATH_RELATIVE;
    }
    *volume = arena_printf(arena, "%c:", text->p[0] & ~0x20);
    *text = view_skip(*text, 2);
    return WIN_PATH_OK;
}

static enum win_path_fault take_guid(struct arena *arena, struct view *text, struct view *volume)
{
    const struct view name = win_path_element(text);
    const size_t around = sizeof "Volume{" - 1;
    struct uuid guid;
    if (name.n != around + UUID_TEXT_BYTES || name.p[name.n - 1] != '}' ||
        !uuid_parse((struct view){name.p + around, UUID_TEXT_BYTES - 1}, &guid)) {
        return WIN_PATH_RELATIVE;
    }
    char small[UUID_TEXT_BYTES];
    uuid_text(&guid, small);
    *volume = arena_printf(arena, "\\\\?\\Volume{%s}", small);
    return WIN_PATH_OK;
}

static enum win_path_fault take_share(struct arena *arena, struct view *text, struct view *volume)
{
    struct buffer name = {0};
    enum win_path_fault fault = WIN_PATH_OK;
    buffer_add_char(&name, '\\');
    for (int i = 0; i < 2 && fault == WIN_PATH_OK; i++) {
        const struct view element = win_path_element(text);
        fault = view_present(element) ? element_fault(element) : WIN_PATH_RELATIVE;
        buffer_add_char(&name, '\\');
        buffer_add_view(&name, element);
    }
    *volume = arena_copy(arena, buffer_view(&name));
    buffer_free(&name);
    return fault;
}

static enum win_path_fault take_volume(struct arena *arena, struct view *text, struct win_path *out)
{
    out->kind = take_prefix(text);
    switch (out->kind) {
    case VOLUME_LETTER:
        return take_letter(arena, text, &out->volume);
    case VOLUME_GUID:
        return take_guid(arena, text, &out->volume);
    case VOLUME_UNC:
        return take_share(arena, text, &out->volume);
    }
    return WIN_PATH_RELATIVE; /* GCOVR_EXCL_LINE: there is no other kind */
}

enum win_path_fault win_path_parse(struct arena *arena, struct view text, struct win_path *out)
{
    *out = (struct win_path){0};
    if (text.n == 0) {
        return WIN_PATH_EMPTY;
    }
    if (text.n > WIN_PATH_BYTES_MAX) {
        return WIN_PATH_TOO_LONG;
    }
    struct view left = slashes_turned(arena, text);
    enum win_path_fault fault = take_volume(arena, &left, out);
    if (fault != WIN_PATH_OK) {
        return fault;
    }
    char *rest = arena_alloc(arena, left.n + 1, 1);
    size_t used = 0, depth = 0;
    for (left = skip_backslashes(left); left.n > 0; depth++) {
        const struct view element = win_path_element(&left);
        fault = element_fault(element);
        if (fault != WIN_PATH_OK) {
            return fault;
        }
        if (used > 0) {
            rest[used++] = '\\';
        }
        memcpy(rest + used, element.p, element.n);
        used += element.n;
    }
    out->rest = (struct view){rest, used};
    const size_t units = wtf8_count(out->volume) + 1 + wtf8_count(out->rest);
    return depth > WIN_PATH_DEPTH_MAX || units > WIN_PATH_UNITS_MAX ? WIN_PATH_TOO_LONG
                                                                    : WIN_PATH_OK;
}

struct view win_path_text(struct arena *arena, const struct win_path *path)
{
    const size_t volume_bytes = path->volume.n;
    char *text = arena_alloc(arena, volume_bytes + 1 + path->rest.n + 1, 1);
    memcpy(text, path->volume.p, volume_bytes);
    text[volume_bytes] = '\\';
    if (path->rest.n > 0) {
        memcpy(text + volume_bytes + 1, path->rest.p, path->rest.n);
    }
    return (struct view){text, volume_bytes + 1 + path->rest.n};
}
