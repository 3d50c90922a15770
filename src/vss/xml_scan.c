/* xml_scan.c - a lexer for tags. Steps over comments, processing instructions and CDATA;
 * leaves judging names, characters and nesting to libxml2. */
#include "vss/xml_scan.h"

#include "base/limits.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool starts_at(struct view text, uint32_t at, const char *word)
{
    const size_t n = strlen(word);
    return text.n - at >= n && memcmp(text.p + at, word, n) == 0;
}

/* Behind the next word, or 0 when it does not come. */
static uint32_t behind(struct view text, uint32_t at, const char *word)
{
    const size_t n = strlen(word);
    const char *hit = at > text.n ? NULL : memmem(text.p + at, text.n - at, word, n);
    return hit == NULL ? 0 : (uint32_t)((size_t)(hit - text.p) + n);
}

/* What is no element: comment, CDATA, processing instruction. Moves *at behind it. False: it is
 * not one of these (*fault NULL), or it is refused. */
static bool scan_other(struct view text, uint32_t *at, const char **fault)
{
    static const struct {
        const char *start, *end, *fault;
    } others[] = {
        {"<!--", "-->", "a comment that does not end"},
        {"<![CDATA[", "]]>", "a CDATA section that does not end"},
        {"<?", "?>", "a processing instruction that does not end"},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (starts_at(text, *at, others[i].start)) {
            const uint32_t end =
                behind(text, *at + (uint32_t)strlen(others[i].start), others[i].end);
            *fault = end == 0 ? others[i].fault : NULL;
            *at = end == 0 ? *at : end;
            return end != 0;
        }
    }
    if (starts_at(text, *at, "<!DOCTYPE")) {
        *fault = "a DOCTYPE: documents of VSS have none, it is refused";
    } else if (starts_at(text, *at, "<!")) {
        *fault = "a declaration: documents of VSS have none, it is refused";
    }
    return false;
}

/* The quoted value whose opening quote stands at *at; moves behind the closing one. */
static bool scan_value(struct view text, uint32_t *at, const char **fault)
{
    const char *start = text.p + *at + 1;
    const char *end = memchr(start, text.p[*at], text.n - *at - 1);
    if (end == NULL) {
        *fault = "an attribute's value that does not end";
        return false;
    }
    if ((size_t)(end - start) > DOCUMENT_VALUE_BYTES_MAX) {
        *fault = "an attribute's value is larger than is allowed";
        return false;
    }
    *at = (uint32_t)(end - text.p) + 1;
    return true;
}

/* The rest of an element's tag, from behind '<'. */
static bool scan_element(struct view text, uint32_t *at, struct xml_tag *tag, const char **fault)
{
    uint32_t now = *at + 1;
    while (now < text.n && text.p[now] != '>') {
        const char c = text.p[now];
        if (c == '<') {
            *at = now;
            *fault = "a '<' inside a tag";
            return false;
        }
        if (c != '"' && c != '\'') {
            now++;
            continue;
        }
        if (++tag->attribute_count > DOCUMENT_ATTRIBUTES_MAX) {
            *at = now;
            *fault = "an element has more attributes than are allowed";
            return false;
        }
        if (!scan_value(text, &now, fault)) {
            *at = now;
            return false;
        }
    }
    if (now == text.n) {
        *fault = "a tag that does not end";
        return false;
    }
    tag->kind = text.p[*at + 1] == '/'   ? XML_TAG_CLOSE
                : text.p[now - 1] == '/' ? XML_TAG_EMPTY
                                         : XML_TAG_OPEN;
    tag->start = *at;
    tag->end = *at = now + 1;
    return true;
}

bool xml_scan_tag(struct view text, uint32_t *at, struct xml_tag *tag, const char **fault)
{
    *tag = (struct xml_tag){0};
    *fault = NULL;
    for (;;) {
        const char *next = *at < text.n ? memchr(text.p + *at, '<', text.n - *at) : NULL;
        if (next == NULL) {
            return false;
        }
        *at = (uint32_t)(next - text.p);
        if (scan_other(text, at, fault)) {
            continue;
        }
        return *fault == NULL && scan_element(text, at, tag, fault);
    }
}

uint32_t xml_scan_name_end(struct view text, uint32_t name_start)
{
    uint32_t at = name_start;
    while (at < text.n && !is_space(text.p[at]) && text.p[at] != '>' && text.p[at] != '/') {
        at++;
    }
    return at;
}

bool xml_scan_attribute(struct view text, uint32_t *at, struct xml_attribute_span *span)
{
    uint32_t now = *at;
    while (now < text.n && is_space(text.p[now])) {
        now++;
    }
    if (now == text.n || text.p[now] == '>' || text.p[now] == '/') {
        return false;
    }
    span->start = now;
    while (now < text.n && text.p[now] != '=' && !is_space(text.p[now])) {
        now++;
    }
    span->name_bytes = now - span->start;
    while (now < text.n && text.p[now] != '"' && text.p[now] != '\'') {
        now++; /* '=' and white space around it */
    }
    const char *end = now < text.n ? memchr(text.p + now + 1, text.p[now], text.n - now - 1) : NULL;
    if (end == NULL) {
        return false; /* GCOVR_EXCL_LINE: libxml2 takes no tag with a name without a value */
    }
    span->value = now + 1;
    span->end = (uint32_t)(end - text.p) + 1;
    span->value_bytes = span->end - 1 - span->value;
    *at = span->end;
    return true;
}
