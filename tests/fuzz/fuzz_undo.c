/* fuzz_undo.c - an undo file (dest/undo.h), hostile: the base is left alone, or what it gets is
 * in the ranges that the file names.
 *
 * The input: a byte of choices, then the file without its check. The check is put right, and the
 * base's identity if that is chosen. */
#include "fuzz.h"
#include "fuzz_folder.h"

#include "dest/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RIGHT_IDENTITY = 1, TORN = 2, BASE_BYTES = 300, BASE_BYTES_MAX = 1 << 20 };

static int folder_fd = -1;

void fuzz_prepare(void)
{
    folder_fd = open(fuzz_folder_make(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    VSR_REQUIRE(folder_fd >= 0);
}

/* As undo.h says. */
static uint64_t check_of(const struct undo_header *header, struct view rest)
{
    char *block = fuzz_memory(sizeof(uint64_t) + UNDO_BLOCK_BYTES);
    const size_t table = header->range_count * sizeof(struct undo_range);
    struct buffer head = {0};
    buffer_add(&head, header, sizeof *header);
    buffer_add(&head, rest.p, table < rest.n ? table : rest.n);
    uint64_t check = hash_bytes(head.p, head.n);
    rest = view_skip(rest, table < rest.n ? table : rest.n);
    while (rest.n > 0) {
        const size_t count = rest.n < UNDO_BLOCK_BYTES ? rest.n : UNDO_BLOCK_BYTES;
        memcpy(block, &check, sizeof check);
        memcpy(block + sizeof check, rest.p, count);
        check = hash_bytes(block, sizeof check + count);
        rest = view_skip(rest, count);
    }
    buffer_free(&head);
    free(block);
    return check;
}

static void put_undo(unsigned choices, struct view input, struct undo_header *header, int base_fd)
{
    struct buffer file = {0};
    struct stat base;
    VSR_REQUIRE(fstat(base_fd, &base) == 0);
    memcpy(header, input.p, sizeof *header);
    header->magic = UNDO_MAGIC;
    header->file = 5;
    header->size %= BASE_BYTES_MAX; /* what is cut to may be large, and cost time alone */
    if ((choices & RIGHT_IDENTITY) != 0) {
        header->device = base.st_dev;
        header->inode = base.st_ino;
    }
    const struct view rest = view_skip(input, sizeof *header);
    const uint64_t check = check_of(header, rest);
    buffer_add(&file, header, sizeof *header);
    buffer_add_view(&file, rest);
    buffer_add(&file, &check, sizeof check);
    file.n -= (choices & TORN) != 0 ? 1 + choices / 4 % 64 : 0;
    fuzz_folder_put(folder_fd, "undo-5", buffer_view(&file));
    buffer_free(&file);
}

static bool is_in_ranges(const struct undo_range *ranges, uint32_t count, uint64_t at)
{
    for (uint32_t i = 0; i < count; i++) {
        if (at >= ranges[i].offset && at - ranges[i].offset < ranges[i].length) {
            return true;
        }
    }
    return false;
}

/* What the base holds outside the ranges is what it held: all of it when the file was refused. */
static uint64_t base_number(int base_fd, const struct undo_header *header,
                            const struct undo_range *ranges, int fault)
{
    char now[BASE_BYTES + 1];
    struct stat facts;
    uint64_t sum = 1;
    VSR_REQUIRE(fstat(base_fd, &facts) == 0);
    const ssize_t count = pread(base_fd, now, sizeof now, 0);
    VSR_REQUIRE(count >= 0);
    VSR_REQUIRE((uint64_t)facts.st_size == (fault == 0 ? header->size : BASE_BYTES));
    for (ssize_t i = 0; i < count && i < BASE_BYTES; i++) {
        VSR_REQUIRE(now[i] == 'b' ||
                    (fault == 0 && is_in_ranges(ranges, header->range_count, (uint64_t)i)));
    }
    fuzz_add(&sum, now, (size_t)count);
    fuzz_add_number(&sum, (uint64_t)fault);
    return sum;
}

uint64_t fuzz_target(const uint8_t *data, size_t size)
{
    struct undo_header header;
    char base[BASE_BYTES], path[FUZZ_PATH_BYTES];
    if (size < 1 + sizeof header) {
        return 1;
    }
    memset(base, 'b', sizeof base);
    fuzz_plenty(true);
    const int base_fd = fuzz_file((struct view){base, sizeof base}, path);
    const struct view input = fuzz_copy(data + 1, size - 1); /* its ranges are aligned */
    put_undo(data[0], input, &header, base_fd);
    fuzz_plenty(false);
    const int fault = undo_put_back(folder_fd, header.file, base_fd);
    const uint64_t sum =
        base_number(base_fd, &header,
                    (const struct undo_range *)(const void *)(input.p + sizeof header), fault);
    (void)close(base_fd);
    free((void *)(uintptr_t)input.p);
    return sum;
}
