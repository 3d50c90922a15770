/* test_frame.c - frames: the exact bytes, the real tool's opinion, every flip refused. */
#include "vsr_test.h"

#include "media/frame.h"
#include "media_fixture.h"

#include <lz4.h>
#include <stdlib.h>
#include <unistd.h>

static char *stored, *plain, *state_bytes;

static int set_up(void **state)
{
    (void)state;
    stored = malloc(frame_stored_bound(FRAME_PLAIN_BYTES_MAX));
    plain = malloc(FRAME_PLAIN_BYTES_MAX);
    state_bytes = malloc((size_t)LZ4_sizeofState());
    return stored == NULL || plain == NULL || state_bytes == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    free(stored);
    free(plain);
    free(state_bytes);
    return 0;
}

static const uint32_t sizes[] = {1,     2,      12,     13,     100,     65535,  65536,
                                 65537, 262144, 262145, 700000, 1048575, 1048576};

static void frames_come_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes) * 2; i++) {
        const uint32_t bytes = sizes[i / 2];
        char *text = fixture_bytes(i, bytes);
        for (uint32_t k = 0; i % 2 == 1 && k < bytes; k++) {
            text[k] = (char)(k / 100); /* shrinks well */
        }
        const uint32_t got = frame_encode(text, bytes, stored, state_bytes);
        assert_true(got <= frame_stored_bound(bytes));
        const char *payload = NULL;
        assert_int_equal(frame_decode(stored, got, plain, bytes, &payload), FRAME_OK);
        assert_memory_equal(payload, text, bytes);
        assert_int_equal(frame_verify(stored, got, payload, bytes), FRAME_OK);
        uint32_t measured_stored = 0;
        uint32_t measured_plain = 0;
        assert_int_equal(frame_measure(stored, &measured_stored, &measured_plain), FRAME_OK);
        assert_int_equal(measured_stored, got);
        assert_int_equal(measured_plain, bytes);
        free(text);
    }
}

static void what_does_not_shrink_is_kept_as_it_is(void **state)
{
    (void)state;
    uint64_t seed = 1;
    char text[4096];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (char)fixture_random(&seed);
    }
    const uint32_t got = frame_encode(text, sizeof text, stored, state_bytes);
    assert_int_equal(got, frame_stored_bound(sizeof text));
    const char *payload = NULL;
    assert_int_equal(frame_decode(stored, got, plain, sizeof text, &payload), FRAME_OK);
    assert_ptr_equal(payload, stored + FRAME_BLOCK_OFFSET);
}

static void the_header_is_as_written_down(void **state)
{
    (void)state;
    static const unsigned char want[] = {0x04, 0x22, 0x4D, 0x18, 0x7C, 0x40, 5,
                                         0,    0,    0,    0,    0,    0,    0};
    (void)frame_encode("hello", 5, stored, state_bytes);
    assert_memory_equal(stored, want, sizeof want);
    assert_int_equal((unsigned char)stored[FRAME_BLOCK_OFFSET - 1], 0x80); /* as it is */
    memset(plain, 'x', 300000);
    char *frame = stored;
    (void)frame_encode(plain, 65537, frame, state_bytes);
    assert_int_equal(frame[5], 0x50);
    (void)frame_encode(plain, 262145, frame, state_bytes);
    assert_int_equal(frame[5], 0x60);
}

/* Decoding and verifying together cover every bit of a frame. */
static void every_flip_is_refused(void **state)
{
    (void)state;
    static const char text[] = "aaaabbbbaaaabbbbaaaabbbbaaaabbbb, and something that differs "
                               "aaaabbbbaaaabbbbaaaabbbbaaaabbbb";
    const uint32_t bytes = sizeof text;
    const uint32_t got = frame_encode(text, bytes, stored, state_bytes);
    for (uint32_t bit = 0; bit < got * 8; bit++) {
        const char *payload = NULL;
        stored[bit / 8] = (char)(stored[bit / 8] ^ 1 << bit % 8);
        enum frame_fault fault = frame_decode(stored, got, plain, bytes, &payload);
        if (fault == FRAME_OK) {
            fault = frame_verify(stored, got, payload, bytes);
        }
        assert_int_not_equal(fault, FRAME_OK);
        assert_string_not_equal(frame_fault_text(fault), "unknown fault");
        stored[bit / 8] = (char)(stored[bit / 8] ^ 1 << bit % 8);
    }
}

static void lengths_must_be_those_of_the_index(void **state)
{
    (void)state;
    memset(plain, 'y', 1000);
    const uint32_t got = frame_encode(plain, 1000, stored, state_bytes);
    const char *payload = NULL;
    assert_int_equal(frame_decode(stored, got, plain, 999, &payload), FRAME_BAD_LENGTH);
    assert_int_equal(frame_decode(stored, got, plain, 1001, &payload), FRAME_BAD_LENGTH);
    assert_int_equal(frame_decode(stored, got - 1, plain, 1000, &payload), FRAME_BAD_LENGTH);
    assert_int_equal(frame_decode(stored, got + 1, plain, 1000, &payload), FRAME_BAD_LENGTH);
    assert_int_equal(frame_decode(stored, FRAME_OVERHEAD_BYTES, plain, 1000, &payload),
                     FRAME_BAD_LENGTH);
    assert_int_equal(frame_decode(stored, 0, plain, 0, &payload), FRAME_BAD_LENGTH);
}

/* Frames of all sizes, one after the other, through the real lz4. */
static void the_lz4_tool_takes_them(void **state)
{
    (void)state;
    if (fixture_shell("command -v lz4 >/dev/null && command -v cmp >/dev/null") != 0) {
        skip_because("no lz4 or no cmp");
    }
    char folder[64];
    char path[128];
    fixture_folder(folder);
    (void)snprintf(path, sizeof path, "%s/frames.lz4", folder);
    FILE *frames = fopen(path, "wb");
    (void)snprintf(path, sizeof path, "%s/want", folder);
    FILE *want = fopen(path, "wb");
    assert_non_null(frames);
    assert_non_null(want);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        char *text = fixture_bytes(i, sizes[i]);
        const uint32_t got = frame_encode(text, sizes[i], stored, state_bytes);
        assert_int_equal(fwrite(stored, 1, got, frames), got);
        assert_int_equal(fwrite(text, 1, sizes[i], want), sizes[i]);
        free(text);
    }
    fclose(frames);
    fclose(want);
    assert_int_equal(
        fixture_shell("cd '%s' && lz4 -tq frames.lz4 && lz4 -dc frames.lz4 | cmp - want", folder),
        0);
    fixture_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_back),
        cmocka_unit_test(what_does_not_shrink_is_kept_as_it_is),
        cmocka_unit_test(the_header_is_as_written_down),
        cmocka_unit_test(every_flip_is_refused),
        cmocka_unit_test(lengths_must_be_those_of_the_index),
        cmocka_unit_test(the_lz4_tool_takes_them),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
