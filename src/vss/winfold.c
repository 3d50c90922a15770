/* winfold.c - Windows names without regard to case: fold, compare, hash.
 *
 * Every look-up of a name goes through here, some of them millions of times, so plain ASCII is
 * taken eight bytes at a time and never decoded. It does no Unicode normalisation and knows no
 * locale: NTFS does not (rules 5.3). */
#include "vss/winpath.h"

#include "base/hash_map.h"
#include "vss/upcase.h"
#include "vss/wtf8.h"

/* Eight bytes at a time. */
#define WORD_BYTES sizeof(uint64_t)
#define EACH_BYTE  UINT64_C(0x0101010101010101)
#define HIGH_BITS  (0x80 * EACH_BYTE)

static uint64_t word_load(const void *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/* Eight ASCII bytes upcased. Adding carries into a byte's high bit where it is >= 'a', and
 * where it is > 'z'; the bytes that have the first and not the second lose bit 5. */
static uint64_t word_upcase(uint64_t word)
{
    const uint64_t from_a = word + (0x80 - 'a') * EACH_BYTE;
    const uint64_t past_z = word + (0x7F - 'z') * EACH_BYTE;
    return word ^ ((from_a & ~past_z & HIGH_BITS) >> 2);
}

static uint32_t upcase_code(uint32_t code)
{
    return code <= WTF8_UNIT_MAX ? upcase_unit((uint16_t)code) : code;
}

/* Fold the next eight ASCII bytes, the last few, or one code; returns the bytes written, at
 * most WORD_BYTES and at most 3 for each byte read. No other unit upcases to ASCII or from it, so
 * texts that are equal when folded are cut into the same steps. */
static size_t fold_step(const unsigned char **at, const unsigned char *end, char *out)
{
    const size_t left = (size_t)(end - *at);
    if (left >= WORD_BYTES) {
        uint64_t word = word_load(*at);
        if ((word & HIGH_BITS) == 0) {
            word = word_upcase(word);
            memcpy(out, &word, WORD_BYTES);
            *at += WORD_BYTES;
            return WORD_BYTES;
        }
    } else {
        uint64_t word = 0;
        memcpy(&word, *at, left);
        if ((word & HIGH_BITS) == 0) {
            word = word_upcase(word);
            memcpy(out, &word, left);
            *at += left;
            return left;
        }
    }
    return wtf8_put(upcase_code(wtf8_code(at, end)), out);
}

size_t win_fold(struct view text, char *out)
{
    struct wtf8_reader reader = wtf8_reader(text);
    size_t used = 0;
    while (reader.at != reader.end) {
        used += fold_step(&reader.at, reader.end, out + used);
    }
    return used;
}

struct view win_fold_copy(struct arena *arena, struct view text)
{
    if (!view_present(text)) {
        return VIEW_NONE;
    }
    struct wtf8_reader reader = wtf8_reader(text);
    size_t folded_bytes = 0;
    while (reader.at != reader.end) {
        char scratch[WORD_BYTES];
        folded_bytes += fold_step(&reader.at, reader.end, scratch);
    }
    char *out = arena_alloc(arena, folded_bytes + 1, 1);
    return (struct view){out, win_fold(text, out)};
}

uint64_t win_fold_hash(struct view text)
{
    char piece[512]; /* every real name; a longer path goes piece by piece, each hashed with */
    struct wtf8_reader reader = wtf8_reader(text); /* the hash of what stood before it */
    size_t used = 0;
    for (;;) {
        while (reader.at != reader.end && sizeof piece - used >= WORD_BYTES) {
            used += fold_step(&reader.at, reader.end, piece + used);
        }
        const uint64_t hash = hash_bytes(piece, used);
        if (reader.at == reader.end) {
            return hash;
        }
        memcpy(piece, &hash, sizeof hash);
        used = sizeof hash;
    }
}

static size_t bytes_left(const struct wtf8_reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

/* Are the next bytes (at most WORD_BYTES) of both ASCII, and equal but for case? */
static bool words_equal(const struct wtf8_reader *a, const struct wtf8_reader *b, size_t bytes)
{
    uint64_t from_a = 0, from_b = 0;
    memcpy(&from_a, a->at, bytes);
    memcpy(&from_b, b->at, bytes);
    return ((from_a | from_b) & HIGH_BITS) == 0 && word_upcase(from_a) == word_upcase(from_b);
}

/* Move both behind the ASCII words in which they are equal, and their ends if these are. */
static void skip_equal_words(struct wtf8_reader *a, struct wtf8_reader *b)
{
    if (a->trail != 0 || b->trail != 0) {
        return;
    }
    while (bytes_left(a) >= WORD_BYTES && bytes_left(b) >= WORD_BYTES) {
        if (!words_equal(a, b, WORD_BYTES)) {
            return;
        }
        a->at += WORD_BYTES;
        b->at += WORD_BYTES;
    }
    const size_t left = bytes_left(a);
    if (left > 0 && left == bytes_left(b) && left < WORD_BYTES && words_equal(a, b, left)) {
        a->at += left;
        b->at += left;
    }
}

int win_fold_compare(struct view a, struct view b)
{
    struct wtf8_reader left = wtf8_reader(a);
    struct wtf8_reader right = wtf8_reader(b);
    for (;;) {
        skip_equal_words(&left, &right);
        if (!wtf8_more(&left) || !wtf8_more(&right)) {
            return (int)wtf8_more(&left) - (int)wtf8_more(&right);
        }
        const uint32_t unit_a = upcase_code(wtf8_next(&left));
        const uint32_t unit_b = upcase_code(wtf8_next(&right));
        if (unit_a != unit_b) {
            return unit_a < unit_b ? -1 : 1;
        }
    }
}

bool win_fold_equal(struct view a, struct view b)
{
    return win_fold_compare(a, b) == 0;
}

size_t win_units(struct view name, uint16_t *out)
{
    size_t count = 0;
    for (struct wtf8_reader reader = wtf8_reader(name); wtf8_more(&reader); count++) {
        const uint32_t unit = wtf8_next(&reader);
        out[count] = (uint16_t)(unit < WTF8_RAW ? unit : WTF8_TRAIL_MIN + (unit - WTF8_RAW));
    }
    return count;
}
