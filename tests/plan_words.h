/* plan_words.h - the few words of a line in a fixture's texts. */
#ifndef PLAN_WORDS_H
#define PLAN_WORDS_H

#include "base/view.h"

static inline struct view trim(struct view text)
{
    while (text.n > 0 && (text.p[0] == ' ' || text.p[0] == '\t')) {
        text = view_skip(text, 1);
    }
    while (text.n > 0 && strchr(" \t\r", text.p[text.n - 1]) != NULL) {
        text.n--;
    }
    return text;
}

static inline struct view take_word(struct view *rest)
{
    *rest = trim(*rest);
    const size_t at = view_find(*rest, ' ');
    const struct view word = {rest->p, at};
    *rest = trim(view_skip(*rest, at));
    return word;
}

/* The last blank-separated word, cut off. */
static inline struct view take_last(struct view *rest)
{
    *rest = trim(*rest);
    size_t at = rest->n;
    while (at > 0 && rest->p[at - 1] != ' ' && rest->p[at - 1] != '\t') {
        at--;
    }
    const struct view word = view_skip(*rest, at);
    *rest = trim((struct view){rest->p, at});
    return word;
}

static inline bool take_line(struct view *text, struct view *line)
{
    while (text->n > 0) {
        const size_t at = view_find(*text, '\n');
        *line = trim((struct view){text->p, at});
        *text = view_skip(*text, at < text->n ? at + 1 : at);
        if (line->n > 0 && line->p[0] != '#') {
            return true;
        }
    }
    return false;
}

#endif
