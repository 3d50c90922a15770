/* test_foreign_read.c - chunks of another front end's media: the LZ4 library's own frames come back
 * through our reader, in however small reads they come; each fault is told by its name. */
#include "vsr_test.h"

#include "media/foreign_read.h"
#include "media_fixture.h"

#include <errno.h>
#include <lz4.h>
#include <lz4frame.h>
#include <xxhash.h>

struct stored {
    const char *bytes;
    size_t count;
    size_t read_max;   /* at a time */
    int interruptions; /* before each read */
    int os_errno;
};

static int64_t stored_read(void *context, uint64_t offset, void *bytes, size_t count)
{
    static int interrupted;
    const struct stored *stored = context;
    const size_t left = offset < stored->count ? stored->count - (size_t)offset : 0;
    if (stored->os_errno != 0) {
        return -stored->os_errno;
    }
    if (interrupted++ < stored->interruptions) {
        return -EINTR;
    }
    interrupted = 0;
    size_t got = count < left ? count : left;
    got = got < stored->read_max ? got : stored->read_max;
    memcpy(bytes, stored->bytes + offset % (stored->count + 1), got);
    return (int64_t)got;
}

static struct foreign_chunk chunk_of(enum foreign_codec codec, size_t stored_bytes,
                                     const char *plain, size_t plain_bytes)
{
    struct foreign_chunk chunk = {.stored_bytes = stored_bytes,
                                  .plain_bytes = plain_bytes,
                                  .codec = (uint8_t)codec,
                                  .sum_bytes = 8};
    XXH64_canonical_t sum;
    XXH64_canonicalFromHash(&sum, XXH3_64bits(plain, plain_bytes));
    memcpy(chunk.sum, sum.digest, sizeof sum.digest);
    return chunk;
}

/* How it ends; what came is compared with plain as far as it goes. */
static enum foreign_fault chunk_read(struct stored *stored, const struct foreign_chunk *chunk,
                                     const char *plain)
{
    struct foreign_reader reader;
    const char *bytes = NULL;
    uint32_t count = 0;
    uint64_t at = 0;
    enum foreign_fault fault;
    foreign_reader_init(&reader, stored_read, stored);
    reader.stored_room = foreign_stored_space(chunk);
    reader.plain_room = foreign_plain_space(chunk);
    reader.stored = malloc(reader.stored_room);
    reader.plain = malloc(reader.plain_room);
    assert_true(reader.stored != NULL && reader.plain != NULL);
    foreign_reader_begin(&reader, chunk);
    while ((fault = foreign_reader_next(&reader, &bytes, &count)) == FOREIGN_PIECE) {
        assert_true(count > 0 && count <= chunk->plain_bytes - at);
        if (plain != NULL) {
            assert_memory_equal(bytes, plain + at, count);
        }
        checksum_add(reader.checksum, bytes, count);
        at += count;
    }
    assert_true(fault != FOREIGN_END || at == chunk->plain_bytes);
    assert_int_equal(reader.os_errno, fault == FOREIGN_UNREAD ? stored->os_errno : 0);
    free(reader.stored);
    free(reader.plain);
    foreign_reader_fini(&reader);
    return fault;
}

/* Bytes of which some repeat; freed by free(). */
static char *text_of(size_t count)
{
    char *text = fixture_bytes(count, count > 0 ? (uint32_t)count : 1);
    for (size_t i = 0; i < count; i++) {
        if (i / 1000 % 3 != 0) {
            text[i] = text[i % 1000];
        }
    }
    return text;
}

static void frames_of_the_library_come_back(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 65536, 65537, 200000, 4194304, 9000001};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        for (unsigned form = 0; form < 32; form++) {
            char *plain = text_of(sizes[i]);
            LZ4F_preferences_t how = {0};
            how.frameInfo.blockSizeID = (LZ4F_blockSizeID_t)(LZ4F_max64KB + form % 4);
            how.frameInfo.blockMode = (form & 4) != 0 ? LZ4F_blockLinked : LZ4F_blockIndependent;
            how.frameInfo.blockChecksumFlag =
                (form & 8) != 0 ? LZ4F_blockChecksumEnabled : LZ4F_noBlockChecksum;
            how.frameInfo.contentChecksumFlag =
                (form & 16) != 0 ? LZ4F_contentChecksumEnabled : LZ4F_noContentChecksum;
            how.frameInfo.contentSize = form % 3 == 0 ? sizes[i] : 0;
            const size_t room = LZ4F_compressFrameBound(sizes[i], &how);
            char *bytes = malloc(room);
            const size_t count = LZ4F_compressFrame(bytes, room, plain, sizes[i], &how);
            assert_false(LZ4F_isError(count));
            struct stored stored = {.bytes = bytes, .count = count, .read_max = SIZE_MAX};
            const struct foreign_chunk chunk = chunk_of(FOREIGN_LZ4_FRAME, count, plain, sizes[i]);
            assert_int_equal(chunk_read(&stored, &chunk, plain), FOREIGN_END);
            stored.read_max = sizes[i] < 100000 ? 1 : 10007;
            stored.interruptions = 1;
            assert_int_equal(chunk_read(&stored, &chunk, plain), FOREIGN_END);
            free(bytes);
            free(plain);
        }
    }
}

static void both_sums_are_those_of_the_library(void **state)
{
    (void)state;
    char *plain = text_of(3000001);
    struct stored stored = {.bytes = plain, .count = 3000001, .read_max = 70001};
    struct foreign_chunk chunk = chunk_of(FOREIGN_NONE, 3000001, plain, 3000001);
    assert_int_equal(chunk_read(&stored, &chunk, plain), FOREIGN_END);
    chunk.sum[7] ^= 1;
    assert_int_equal(chunk_read(&stored, &chunk, plain), FOREIGN_BAD_SUM);
    XXH128_canonical_t sum;
    XXH128_canonicalFromHash(&sum, XXH3_128bits(plain, 3000001));
    memcpy(chunk.sum, sum.digest, sizeof sum.digest);
    chunk.sum_bytes = sizeof sum.digest;
    assert_int_equal(chunk_read(&stored, &chunk, plain), FOREIGN_END);
    chunk.sum[15] ^= 0x80;
    assert_int_equal(chunk_read(&stored, &chunk, plain), FOREIGN_BAD_SUM);
    free(plain);
}

static void reads_that_fail_are_told(void **state)
{
    (void)state;
    char *plain = text_of(100000);
    struct stored stored = {.bytes = plain, .count = 100000, .read_max = SIZE_MAX};
    struct foreign_chunk chunk = chunk_of(FOREIGN_NONE, 100000, plain, 100000);
    stored.os_errno = EIO;
    assert_int_equal(chunk_read(&stored, &chunk, plain), FOREIGN_UNREAD);
    stored.os_errno = EINTR; /* for ever */
    assert_int_equal(chunk_read(&stored, &chunk, plain), FOREIGN_UNREAD);
    stored.os_errno = 0;
    stored.count = 99999;
    assert_int_equal(chunk_read(&stored, &chunk, plain), FOREIGN_SHORT);
    free(plain);
}

static void a_block_is_what_it_says(void **state)
{
    (void)state;
    char *plain = text_of(50000);
    char *bytes = malloc((size_t)LZ4_compressBound(50000));
    const int count = LZ4_compress_default(plain, bytes, 50000, LZ4_compressBound(50000));
    assert_true(count > 0);
    struct stored stored = {.bytes = bytes, .count = (size_t)count, .read_max = 999};
    struct foreign_chunk chunk = chunk_of(FOREIGN_LZ4_BLOCK, (size_t)count, plain, 50000);
    assert_int_equal(chunk_read(&stored, &chunk, plain), FOREIGN_END);
    chunk.plain_bytes = 49999;
    assert_int_equal(chunk_read(&stored, &chunk, NULL), FOREIGN_BAD_BLOCK);
    chunk.plain_bytes = 50001;
    assert_int_equal(chunk_read(&stored, &chunk, NULL), FOREIGN_BAD_SIZE);
    chunk.plain_bytes = 50000;
    chunk.stored_bytes--;
    assert_int_equal(chunk_read(&stored, &chunk, NULL), FOREIGN_BAD_BLOCK);
    free(bytes);
    free(plain);
}

/* A frame of one block that is kept as it is. */
static size_t frame_make(char *out, unsigned char flags, unsigned char descriptor,
                         uint64_t content_bytes, const char *block, uint32_t block_bytes)
{
    const uint32_t magic = 0x184D2204, word = block_bytes | UINT32_C(0x80000000), end = 0;
    size_t at = 4;
    memcpy(out, &magic, 4);
    out[at++] = (char)flags;
    out[at++] = (char)descriptor;
    if ((flags & 8) != 0) {
        memcpy(out + at, &content_bytes, 8);
        at += 8;
    }
    out[at] = (char)(XXH32(out + 4, at - 4, 0) >> 8);
    at++;
    memcpy(out + at, &word, 4);
    memcpy(out + at + 4, block, block_bytes);
    at += 4 + block_bytes;
    memcpy(out + at, &end, 4);
    return at + 4;
}

static enum foreign_fault frame_fault_of(const char *bytes, size_t count, const char *plain,
                                         size_t plain_bytes)
{
    struct stored stored = {.bytes = bytes, .count = count, .read_max = SIZE_MAX};
    const struct foreign_chunk chunk = chunk_of(FOREIGN_LZ4_FRAME, count, plain, plain_bytes);
    return chunk_read(&stored, &chunk, NULL);
}

static void faults_of_frames_have_names(void **state)
{
    (void)state;
    static const char plain[] = "forty-two bytes of no interest whatsoever..";
    const uint32_t n = sizeof plain - 1;
    char bytes[200];
    size_t count = frame_make(bytes, 0x60, 0x40, 0, plain, n);
    assert_int_equal(frame_fault_of(bytes, count, plain, n), FOREIGN_END);
    assert_int_equal(frame_fault_of(bytes, count, plain, n + 1), FOREIGN_BAD_SIZE);
    assert_int_equal(frame_fault_of(bytes, count, plain, n - 1), FOREIGN_BAD_SIZE);
    for (size_t cut = 1; cut < count; cut++) {
        assert_true(frame_fault_of(bytes, cut, plain, n) > FOREIGN_END);
    }
    bytes[6] ^= 1; /* the header's checksum */
    assert_int_equal(frame_fault_of(bytes, count, plain, n), FOREIGN_BAD_FRAME);
    bytes[0] ^= 1;
    assert_int_equal(frame_fault_of(bytes, count, plain, n), FOREIGN_NO_FRAME);
    static const struct {
        unsigned char flags, descriptor;
        uint64_t content_bytes;
        enum foreign_fault fault;
    } cases[] = {
        {0x20, 0x40, 0, FOREIGN_BAD_FRAME}, {0xA0, 0x40, 0, FOREIGN_BAD_FRAME},
        {0x61, 0x40, 0, FOREIGN_BAD_FRAME}, {0x62, 0x40, 0, FOREIGN_BAD_FRAME},
        {0x60, 0x30, 0, FOREIGN_BAD_FRAME}, {0x60, 0xC0, 0, FOREIGN_BAD_FRAME},
        {0x60, 0x41, 0, FOREIGN_BAD_FRAME}, {0x68, 0x40, n, FOREIGN_END},
        {0x68, 0x40, 7, FOREIGN_BAD_SIZE},  {0x68, 0x40, 100, FOREIGN_BAD_SIZE},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        count = frame_make(bytes, cases[i].flags, cases[i].descriptor, cases[i].content_bytes,
                           plain, n);
        assert_int_equal(frame_fault_of(bytes, count, plain, n), cases[i].fault);
    }
    for (int fault = FOREIGN_UNREAD; fault <= FOREIGN_BAD_SUM; fault++) {
        assert_true(strlen(foreign_fault_text((enum foreign_fault)fault)) > 10);
    }
}

static void a_block_longer_than_its_frame_allows_is_refused(void **state)
{
    (void)state;
    char *plain = text_of(70000);
    char *bytes = malloc(80000);
    const size_t count = frame_make(bytes, 0x60, 0x40, 0, plain, 70000); /* of 64 KiB at most */
    assert_int_equal(frame_fault_of(bytes, count, plain, 70000), FOREIGN_BAD_BLOCK);
    free(bytes);
    free(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_the_library_come_back),
        cmocka_unit_test(both_sums_are_those_of_the_library),
        cmocka_unit_test(reads_that_fail_are_told),
        cmocka_unit_test(a_block_is_what_it_says),
        cmocka_unit_test(faults_of_frames_have_names),
        cmocka_unit_test(a_block_longer_than_its_frame_allows_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
