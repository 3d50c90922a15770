/* show.c - what must not reach a terminal raw, and a printf() that sees to it. */
#include "base/show.h"

#include "base/bug.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Invisible, or turning what stands around it: joiners and marks, separators, overrides, isolates,
 * the byte order mark, tags. */
static const struct {
    uint32_t first, last;
} hidden[] = {
    {0x0000, 0x001F}, {0x007F, 0x009F}, {0x00AD, 0x00AD},   {0x061C, 0x061C},
    {0x180E, 0x180E}, {0x200B, 0x200F}, {0x2028, 0x202E},   {0x2060, 0x206F},
    {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE0FFF},
};

static bool is_hidden(uint32_t code)
{
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
        if (code >= hidden[i].first && code <= hidden[i].last) {
            return true;
        }
    }
    return false;
}

/* The code point of the sequence at p; *length: its bytes, 0: it is none. */
static uint32_t code_at(const char *p, size_t left, size_t *length)
{
    const unsigned char lead = (unsigned char)*p;
    const size_t bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    *length = 0;
    if (left < bytes || (lead != 0 && !view_is_utf8((struct view){p, bytes}))) {
        return lead;
    }
    uint32_t code = bytes == 1 ? lead : lead & (0xFFu >> (bytes + 1));
    for (size_t i = 1; i < bytes; i++) {
        code = code << 6 | ((unsigned char)p[i] & 0x3Fu);
    }
    *length = bytes;
    return code;
}

void show_add(struct buffer *out, struct view text)
{
    size_t plain = 0; /* from here on nothing is added yet */
    for (size_t at = 0; at < text.n;) {
        size_t length;
        const unsigned char byte = (unsigned char)text.p[at];
        if (byte >= 0x20 && byte < 0x7F) {
            at++;
            continue;
        }
        const uint32_t code = code_at(text.p + at, text.n - at, &length);
        if (length > 0 && !is_hidden(code)) {
            at += length;
            continue;
        }
        buffer_add(out, text.p + plain, at - plain);
        if (length == 0 || code < 0x80) {
            buffer_printf(out,
                          code == '\n'   ? "\\n"
                          : code == '\r' ? "\\r"
                          : code == '\t' ? "\\t"
                                         : "\\x%02x",
                          (unsigned)code);
        } else {
            buffer_printf(out, "\\u{%x}", (unsigned)code);
        }
        at += length == 0 ? 1 : length;
        plain = at;
    }
    buffer_add(out, text.p + plain, text.n - plain);
}

/* --- show_printf --- */

struct conversion {
    char spec[32]; /* "%-28" and what follows, stars replaced */
    size_t n;
    int width, precision; /* of %s; -1: none */
    bool left;
    char size; /* 0, 'l' for ll, 'z' */
    char kind;
};

static const char *number_read(const char *at, va_list *args, int *out)
{
    if (*at == '*') {
        *out = va_arg(*args, int);
        return at + 1;
    }
    *out = 0;
    while (*at >= '0' && *at <= '9') {
        *out = *out * 10 + (*at++ - '0');
    }
    return at;
}

/* at: behind the '%'. Returns what follows the conversion. */
static const char *conversion_read(const char *at, va_list *args, struct conversion *c)
{
    *c = (struct conversion){.width = -1, .precision = -1};
    bool zero = false;
    for (; *at == '-' || *at == '0'; at++) {
        c->left = c->left || *at == '-';
        zero = zero || *at == '0';
    }
    if (*at == '*' || (*at >= '1' && *at <= '9')) {
        at = number_read(at, args, &c->width);
    }
    if (*at == '.') {
        at = number_read(at + 1, args, &c->precision);
    }
    while (*at == 'l' || *at == 'z') {
        c->size = *at++;
    }
    c->kind = *at;
    int n = snprintf(c->spec, sizeof c->spec, "%%%s%s", c->left ? "-" : "", zero ? "0" : "");
    if (c->width >= 0) {
        n += snprintf(c->spec + n, sizeof c->spec - (size_t)n, "%d", c->width);
    }
    if (c->precision >= 0) {
        n += snprintf(c->spec + n, sizeof c->spec - (size_t)n, ".%d", c->precision);
    }
    (void)snprintf(c->spec + n, sizeof c->spec - (size_t)n, "%s%c",
                   c->size == 'l'   ? "ll"
                   : c->size == 'z' ? "z"
                                    : "",
                   c->kind);
    return at + 1;
}

/* Width counts bytes, as printf() does. */
static void text_add(struct buffer *out, const struct conversion *c, const char *text)
{
    const size_t before = out->n;
    const size_t width = c->width > 0 ? (size_t)c->width : 0;
    struct view view = {text, 0};
    view.n = c->precision >= 0 ? strnlen(text, (size_t)c->precision) : strlen(text);
    struct buffer shown = {0};
    show_add(&shown, view);
    for (size_t i = shown.n; i < width && !c->left; i++) {
        buffer_add_char(out, ' ');
    }
    buffer_add_view(out, buffer_view(&shown));
    while (out->n - before < width) {
        buffer_add_char(out, ' ');
    }
    buffer_free(&shown);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the pieces of a literal, one by one */
static void conversion_add(struct buffer *out, const struct conversion *c, va_list *args)
{
    switch (c->kind) {
    case 's':
        text_add(out, c, va_arg(*args, const char *));
        break;
    case 'd':
    case 'i':
        if (c->size == 'l') {
            buffer_printf(out, c->spec, va_arg(*args, long long));
        } else {
            buffer_printf(out, c->spec, va_arg(*args, int));
        }
        break;
    case 'u':
    case 'x':
        if (c->size == 'l') {
            buffer_printf(out, c->spec, va_arg(*args, unsigned long long));
        } else if (c->size == 'z') {
            buffer_printf(out, c->spec, va_arg(*args, size_t));
        } else {
            buffer_printf(out, c->spec, va_arg(*args, unsigned));
        }
        break;
    case 'f':
        buffer_printf(out, c->spec, va_arg(*args, double));
        break;
    case '%':
        buffer_add_char(out, '%');
        break;
    default:
        VSR_BUG("show_printf() was given a conversion that it does not know");
    }
}
#pragma GCC diagnostic pop

void show_printf(struct buffer *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    for (const char *at = format; *at != '\0';) {
        const size_t literal = strcspn(at, "%");
        buffer_add(out, at, literal);
        at += literal;
        if (*at == '%') {
            struct conversion conversion;
            at = conversion_read(at + 1, &args, &conversion);
            conversion_add(out, &conversion, &args);
        }
    }
    va_end(args);
}
