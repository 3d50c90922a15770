/* not_to_backup.c - cutting the lines of a FilesNotToBackup list. Which files an entry stands for
 * is unprotected.c's business; nothing is expanded or looked up here. */
#include "plan/not_to_backup.h"

static struct view trim(struct view text)
{
    while (text.n > 0 && (text.p[0] == ' ' || text.p[0] == '\t')) {
        text = view_skip(text, 1);
    }
    while (text.n > 0 && (text.p[text.n - 1] == ' ' || text.p[text.n - 1] == '\t' ||
                          text.p[text.n - 1] == '\r')) {
        text.n--;
    }
    return text;
}

/* Where piece begins in text, or text.n. */
static size_t find_piece(struct view text, struct view piece)
{
    for (size_t at = 0; at + piece.n <= text.n; at++) {
        if (view_starts(view_skip(text, at), piece)) {
            return at;
        }
    }
    return text.n;
}

/* Does text begin as a path does, so that no NAME= stands before it? */
static bool is_path(struct view text)
{
    return text.p[0] == '\\' || text.p[0] == '/' || text.p[0] == '%' ||
           (text.n > 1 && text.p[1] == ':');
}

/* Cut the NAME off a line that was not looked at yet. */
static void line_begin(struct not_to_backup_line *line)
{
    static const struct view type = {"REG_MULTI_SZ", 12};
    struct view *rest = &line->rest;
    *rest = trim(*rest);
    line->begun = true;
    if (rest->n == 0 || rest->p[0] == '#' || rest->p[0] == ';' ||
        view_starts(*rest, VIEW("HKEY_"))) {
        rest->n = 0;
        return;
    }
    const size_t typed = find_piece(*rest, type);
    const size_t equals = view_find(*rest, '=');
    if (typed < rest->n) {
        line->many = true;
        line->key = trim((struct view){rest->p, typed});
        *rest = trim(view_skip(*rest, typed + type.n));
    } else if (!is_path(*rest) && equals < rest->n) {
        line->key = trim((struct view){rest->p, equals});
        *rest = trim(view_skip(*rest, equals + 1));
    }
}

bool not_to_backup_next(struct not_to_backup_line *line, struct view *entry)
{
    static const struct view separator = {"\\0", 2};
    if (!line->begun) {
        line_begin(line);
    }
    while (line->rest.n > 0) {
        const size_t at = line->many ? find_piece(line->rest, separator) : line->rest.n;
        *entry = trim((struct view){line->rest.p, at});
        line->rest = at < line->rest.n ? view_skip(line->rest, at + separator.n) : VIEW("");
        if (entry->n > 0) {
            return true;
        }
    }
    return false;
}

const char *not_to_backup_parse(struct view text, struct not_to_backup *out)
{
    *out = (struct not_to_backup){0};
    text = trim(text);
    if (text.n > 3 && (text.p[text.n - 3] == ' ' || text.p[text.n - 3] == '\t') &&
        view_equal_ascii(view_skip(text, text.n - 2), VIEW("/s"))) {
        out->recursive = true;
        text = trim((struct view){text.p, text.n - 3});
    }
    size_t at = text.n;
    while (at > 0 && text.p[at - 1] != '\\') {
        at--;
    }
    if (at == 0) {
        return "it has no path";
    }
    out->name = view_skip(text, at);
    out->all_volumes = text.p[0] == '\\' && (text.n < 2 || text.p[1] != '\\');
    out->directory = (struct view){text.p, at};
    return out->name.n > 0 ? NULL : "it has no name";
}
