/* chain_rest.c - words in hexadecimal, with blanks between: a path may be any bytes. */
#include "chain_rest.h"

#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void chain_rest_add(struct text_list *list, const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = memory_resize(NULL, bytes);
    memcpy(copy, text, bytes);
    list->items =
        memory_resize((void *)(size_t)list->items, (list->count + 1) * sizeof *list->items);
    list->items[list->count++] = copy;
}

/* --- writing --- */

struct out {
    char *text;
    size_t n;
};

static void out_add(struct out *out, const char *text)
{
    const size_t bytes = strlen(text);
    out->text = memory_resize(out->text, out->n + bytes + 1);
    memcpy(out->text + out->n, text, bytes + 1);
    out->n += bytes;
}

static void out_number(struct out *out, size_t number)
{
    char digits[32];
    (void)snprintf(digits, sizeof digits, " %zu", number);
    out_add(out, digits);
}

static void out_word(struct out *out, const char *word)
{
    static const char digits[] = "0123456789abcdef";
    const size_t bytes = strlen(word);
    out_add(out, " x"); /* an empty word is one, too */
    out->text = memory_resize(out->text, out->n + 2 * bytes + 1);
    for (size_t i = 0; i < bytes; i++) {
        const unsigned char byte = (unsigned char)word[i];
        out->text[out->n++] = digits[byte >> 4];
        out->text[out->n++] = digits[byte & 15];
    }
    out->text[out->n] = '\0';
}

static void out_list(struct out *out, const struct text_list *list)
{
    out_number(out, list->count);
    for (size_t i = 0; i < list->count; i++) {
        out_word(out, list->items[i]);
    }
}

char *chain_rest_render(const struct chain_rest *rest)
{
    struct out out = {0};
    out_add(&out, "chain 1");
    out_number(&out, rest->step);
    out_word(&out, rest->folder);
    out_list(&out, &rest->run_dirs);
    out_list(&out, &rest->words);
    return out.text;
}

/* --- reading --- */

static bool number_read(const char **at, size_t *out)
{
    char *end = NULL;
    *out = strtoul(*at, &end, 10);
    const bool read = end != *at && *out < 1000000;
    *at = end;
    return read;
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* NULL: none stands there. The caller's. */
static char *word_read(const char **at)
{
    const char *from = *at;
    if (from[0] != ' ' || from[1] != 'x') {
        return NULL;
    }
    from += 2;
    char *word = memory_resize(NULL, strlen(from) / 2 + 1);
    size_t n = 0;
    while (digit_of(from[0]) >= 0 && digit_of(from[1]) >= 0) {
        word[n++] = (char)(digit_of(from[0]) << 4 | digit_of(from[1]));
        from += 2;
    }
    word[n] = '\0';
    *at = from;
    return word;
}

static bool list_read(const char **at, struct text_list *list)
{
    size_t count = 0;
    bool right = number_read(at, &count);
    for (size_t i = 0; i < count && right; i++) {
        char *word = word_read(at);
        right = word != NULL;
        if (right) {
            chain_rest_add(list, word);
        }
        free(word);
    }
    return right;
}

bool chain_rest_parse(struct chain_rest *out, const char *text)
{
    static const char head[] = "chain 1";
    *out = (struct chain_rest){0};
    if (strncmp(text, head, sizeof head - 1) != 0) {
        return false;
    }
    text += sizeof head - 1;
    if (!number_read(&text, &out->step)) {
        return false;
    }
    out->folder = word_read(&text);
    return out->folder != NULL && list_read(&text, &out->run_dirs) &&
           list_read(&text, &out->words) && *text == '\0' && out->run_dirs.count == out->step;
}

static void list_free(struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free((void *)(size_t)list->items[i]);
    }
    free((void *)(size_t)list->items);
}

void chain_rest_free(struct chain_rest *rest)
{
    free(rest->folder);
    list_free(&rest->run_dirs);
    list_free(&rest->words);
    *rest = (struct chain_rest){0};
}
