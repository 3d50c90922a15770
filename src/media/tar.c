/* tar.c - pax header blocks, as GNU tar 1.34, bsdtar and busybox read them.
 *
 * pack calls this once for each member; what it makes stands in the packs beside the data and
 * is never read by this program again: index.bin has everything. Each member gets a pax header
 * (mtime needs it anyhow) and an ustar header whose fields hold as much as they can, for tools
 * that know no pax. Deliberately not here: extended attributes and owners' names. */
#include "media/tar.h"

#include "base/bug.h"

#include <stdio.h>

/* POSIX's ustar header block. */
struct tar_block {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], chksum[8];
    char typeflag, linkname[100], magic[6], version[2], uname[32], gname[32];
    char devmajor[8], devminor[8], prefix[155], pad[12];
};
static_assert(sizeof(struct tar_block) == TAR_BLOCK_BYTES, "ustar's header is one block");

#define OCTAL_7_MAX  UINT64_C(07777777)
#define OCTAL_11_MAX UINT64_C(077777777777)

/* A field of width bytes: digits and a NUL. A value that does not fit is 0: pax has it. */
static void tar_octal(char *field, size_t width, uint64_t value)
{
    const uint64_t value_max = width == 12 ? OCTAL_11_MAX : OCTAL_7_MAX;
    uint64_t rest = value <= value_max ? value : 0;
    field[width - 1] = '\0';
    for (size_t i = width - 1; i-- > 0; rest >>= 3) {
        field[i] = (char)('0' + (rest & 7));
    }
}

/* Whether a name stands in a field of 100 bytes as it is. */
static bool tar_name_fits(struct view name)
{
    for (size_t i = 0; i < name.n; i++) {
        if ((unsigned char)name.p[i] >= 0x80) {
            return false;
        }
    }
    return name.n <= sizeof(((struct tar_block *)0)->name);
}

/* As much of a name as a field holds, for readers that do not know pax. */
static void tar_name(char field[100], struct view name)
{
    for (size_t i = 0; i < name.n && i < 100; i++) {
        field[i] = (unsigned char)name.p[i] < 0x80 ? name.p[i] : '_';
    }
}

/* A pax record: "LENGTH KEY=VALUE\n", where LENGTH counts itself. */
static void pax_record(struct buffer *pax, const char *key, struct view value)
{
    const size_t rest = strlen(key) + value.n + 3; /* blank, '=', newline */
    size_t digits = 1;
    for (size_t limit = 10; rest + digits >= limit; limit *= 10) {
        digits++;
    }
    buffer_printf(pax, "%zu %s=", rest + digits, key);
    buffer_add_view(pax, value);
    buffer_add_char(pax, '\n');
}

static void pax_number(struct buffer *pax, const char *key, uint64_t value)
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    pax_record(pax, key, view_of(digits));
}

/* Seconds as a decimal fraction; before 1970 the whole is negative: -5.25 is 4.75 s after -10. */
static void pax_time(struct buffer *pax, int64_t seconds, uint32_t nanoseconds)
{
    char digits[40];
    const char *sign = "";
    uint64_t whole = (uint64_t)seconds;
    uint32_t rest = nanoseconds;
    if (seconds < 0) {
        sign = "-";
        whole = 0 - (uint64_t)seconds;
        if (rest > 0) {
            whole--;
            rest = 1000000000u - rest;
        }
    }
    (void)snprintf(digits, sizeof digits, rest > 0 ? "%s%llu.%09u" : "%s%llu", sign,
                   (unsigned long long)whole, rest);
    pax_record(pax, "mtime", view_of(digits));
}

static void pax_ranges(struct buffer *pax, const struct tar_member *member)
{
    struct buffer list = {0};
    for (uint32_t i = 0; i < member->range_count; i++) {
        buffer_printf(&list, "%s%llu:%llu", i > 0 ? "," : "",
                      (unsigned long long)member->ranges[i].offset,
                      (unsigned long long)member->ranges[i].length);
    }
    pax_record(pax, "VSSRESTORE.ranges", buffer_view(&list));
    buffer_free(&list);
}

static void tar_pad(struct buffer *out, size_t unpadded)
{
    static const char zeros[TAR_BLOCK_BYTES];
    buffer_add(out, zeros, tar_padding(unpadded));
}

/* GNU sparse 1.0: the count, then offset and length of each range, one number a line. A hole at
 * the end is told by a range of no bytes at the file's end. */
static void tar_sparse_map(struct buffer *map, const struct tar_member *member)
{
    uint64_t end = 0;
    if (member->range_count > 0) {
        const struct index_range *last = &member->ranges[member->range_count - 1];
        end = last->offset + last->length;
    }
    const bool hole_last = end < member->size || member->range_count == 0;
    buffer_printf(map, "%llu\n", (unsigned long long)member->range_count + (hole_last ? 1 : 0));
    for (uint32_t i = 0; i < member->range_count; i++) {
        buffer_printf(map, "%llu\n%llu\n", (unsigned long long)member->ranges[i].offset,
                      (unsigned long long)member->ranges[i].length);
    }
    if (hole_last) {
        buffer_printf(map, "%llu\n0\n", (unsigned long long)member->size);
    }
    tar_pad(map, map->n);
}

static void tar_block_add(struct buffer *out, struct tar_block *block)
{
    memcpy(block->magic, "ustar", 6);
    memcpy(block->version, "00", 2);
    memset(block->chksum, ' ', sizeof block->chksum);
    uint64_t sum = 0;
    for (size_t i = 0; i < sizeof *block; i++) {
        sum += ((const unsigned char *)block)[i];
    }
    tar_octal(block->chksum, 7, sum); /* six digits, a NUL, and the blank that stands there */
    buffer_add(out, block, sizeof *block);
}

static void pax_header_add(struct buffer *out, struct view pax)
{
    struct tar_block block = {.typeflag = 'x'};
    tar_name(block.name, VIEW("PaxHeaders/next"));
    tar_octal(block.mode, sizeof block.mode, 0644);
    tar_octal(block.uid, sizeof block.uid, 0);
    tar_octal(block.gid, sizeof block.gid, 0);
    tar_octal(block.size, sizeof block.size, pax.n);
    tar_octal(block.mtime, sizeof block.mtime, 0);
    tar_block_add(out, &block);
    buffer_add_view(out, pax);
    tar_pad(out, pax.n);
}

static char tar_typeflag(const struct tar_member *member)
{
    switch (member->kind) {
    case TAR_DIRECTORY:
        return '5';
    case TAR_SYMLINK:
        return '2';
    case TAR_HARDLINK:
        return '1';
    case TAR_FILE:
    case TAR_SPARSE:
    case TAR_PARTIAL:
        return '0';
    }
    VSR_BUG("a member of no known kind");
}

/* The member's name on the media: the path, with a slash behind a directory's, with the suffix
 * behind a partial file's. */
static void tar_member_name(struct buffer *name, const struct tar_member *member)
{
    buffer_add_view(name, member->path);
    if (member->kind == TAR_DIRECTORY) {
        buffer_add_char(name, '/');
    } else if (member->kind == TAR_PARTIAL) {
        buffer_add_view(name, VIEW(TAR_PARTIAL_SUFFIX));
    }
}

static void pax_records(struct buffer *pax, const struct tar_member *member, struct view name,
                        uint64_t stored_bytes)
{
    if (member->kind == TAR_SPARSE) {
        pax_number(pax, "GNU.sparse.major", 1);
        pax_number(pax, "GNU.sparse.minor", 0);
        pax_record(pax, "GNU.sparse.name", name);
        pax_number(pax, "GNU.sparse.realsize", member->size);
    } else if (!tar_name_fits(name)) {
        pax_record(pax, "path", name);
    }
    if (view_present(member->link_text) && !tar_name_fits(member->link_text)) {
        pax_record(pax, "linkpath", member->link_text);
    }
    if (stored_bytes > OCTAL_11_MAX) {
        pax_number(pax, "size", stored_bytes);
    }
    if (member->uid > OCTAL_7_MAX) {
        pax_number(pax, "uid", member->uid);
    }
    if (member->gid > OCTAL_7_MAX) {
        pax_number(pax, "gid", member->gid);
    }
    pax_time(pax, member->modify_s, member->modify_ns);
    if (member->kind == TAR_PARTIAL) {
        pax_ranges(pax, member);
    }
}

static void ustar_header_add(struct buffer *out, const struct tar_member *member, struct view name,
                             uint64_t stored_bytes)
{
    struct tar_block block = {.typeflag = tar_typeflag(member)};
    if (member->kind == TAR_SPARSE) {
        struct buffer shown = {0};
        buffer_add_view(&shown, VIEW("GNUSparseFile.0/"));
        buffer_add_view(&shown, name);
        tar_name(block.name, buffer_view(&shown));
        buffer_free(&shown);
    } else {
        tar_name(block.name, name);
    }
    tar_octal(block.mode, sizeof block.mode, member->mode & 0777);
    tar_octal(block.uid, sizeof block.uid, member->uid);
    tar_octal(block.gid, sizeof block.gid, member->gid);
    tar_octal(block.size, sizeof block.size, stored_bytes);
    tar_octal(block.mtime, sizeof block.mtime,
              member->modify_s > 0 ? (uint64_t)member->modify_s : 0);
    if (view_present(member->link_text)) {
        tar_name(block.linkname, member->link_text);
    }
    tar_block_add(out, &block);
}

void tar_header(struct buffer *out, const struct tar_member *member)
{
    struct buffer name = {0};
    struct buffer map = {0};
    struct buffer pax = {0};
    tar_member_name(&name, member);
    if (member->kind == TAR_SPARSE) {
        tar_sparse_map(&map, member);
    }
    const bool has_data =
        member->kind == TAR_FILE || member->kind == TAR_SPARSE || member->kind == TAR_PARTIAL;
    const uint64_t stored_bytes = has_data ? member->data_bytes + map.n : 0;
    pax_records(&pax, member, buffer_view(&name), stored_bytes);
    pax_header_add(out, buffer_view(&pax));
    ustar_header_add(out, member, buffer_view(&name), stored_bytes);
    buffer_add_view(out, buffer_view(&map));
    buffer_free(&pax);
    buffer_free(&map);
    buffer_free(&name);
}
