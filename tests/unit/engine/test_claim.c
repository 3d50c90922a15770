/* test_claim.c - how the work is dealt out.
 *
 * Goal: two workers are not sent into the same large file while there are two, and end together.
 * Method: the claims of sets of large, small and empty files are looked at as they will be taken,
 * by workers whose clock is what a file and its bytes are said to cost. */
#include "vsr_test.h"

#include "engine/claim.h"
#include "media_fixture.h"
#include "plan_fixture.h"

#include <stdlib.h>
#include <unistd.h>

enum { WORKERS = 2, LARGE = 30 * 65536 + 1234 };

struct dealing {
    char folder[64], dir[128];
    struct media_set set;
    struct plan *plan;
    struct outcome_row *rows;
    uint8_t *skip;
    struct engine_input input;
    struct file_table table;
    struct claim_list list;
};

/* Without a stage, as the null sink has none. */
static void dealing_open(struct dealing *d, const struct fixture_file *files, uint32_t count,
                         uint32_t shared_bytes)
{
    vsr_error error = {0};
    char set_path[128];
    fixture_folder(d->folder);
    (void)snprintf(set_path, sizeof set_path, "%s/set", d->folder);
    fixture_write(set_path, &(struct fixture){.files = files,
                                              .file_count = count,
                                              .small_max = 4096,
                                              .shared_bytes = shared_bytes,
                                              .piece_bytes = 65536});
    assert_int_equal(set_open(&d->set, set_path, &error), VSR_OK);
    d->plan = plan_fixture_create(&d->set, d->folder, 1, NULL);
    d->rows = calloc(d->plan->file_count, sizeof *d->rows);
    d->skip = calloc(d->plan->file_count, 1);
    d->input = (struct engine_input){
        .plan = d->plan, .set = &d->set, .rows = d->rows, .skip = d->skip, .discard = true};
    assert_int_equal(file_table_init(&d->table, &d->input, &error), VSR_OK);
    assert_int_equal(claim_list_init(&d->list, &d->table, WORKERS, &error), VSR_OK);
}

static void dealing_close(struct dealing *d)
{
    claim_list_fini(&d->list);
    file_table_fini(&d->table);
    plan_fixture_free(d->plan);
    free(d->rows);
    free(d->skip);
    set_close(&d->set);
    fixture_remove(d->folder);
}

/* The file of all pieces with data in a claim, or MARK_NONE. */
static uint32_t claim_file(const struct claim_list *list, uint32_t claim)
{
    uint32_t file = MARK_NONE;
    for (uint32_t i = list->job_first[list->claims[claim].first];
         i < list->job_first[list->claims[claim].end]; i++) {
        const uint32_t own = list->pieces[i].file;
        if (list->pieces[i].chunk != MARK_NONE) {
            if (file != MARK_NONE && own != file) {
                return MARK_NONE;
            }
            file = own;
        }
    }
    return file;
}

static bool is_large(const struct dealing *d, uint32_t file)
{
    return file != MARK_NONE && d->set.index.entries[d->plan->files[file].entry].size == LARGE;
}

static void test_large_files_are_dealt_in_turn(void **state)
{
    char *bytes = fixture_bytes(7, LARGE);
    const struct fixture_file files[] = {
        {.path = "a small", .content = {bytes, 100}},
        {.path = "b", .content = {bytes, LARGE}},
        {.path = "c", .content = {bytes, LARGE}},
        {.path = "d small", .content = {bytes, 99}},
    };
    struct dealing d;
    uint32_t turns = 0, large = 0;
    (void)state;
    dealing_open(&d, files, COUNT_OF(files), 16384);
    for (uint32_t i = 0; i < d.list.claim_count; i++) {
        const uint32_t file = claim_file(&d.list, i);
        const uint32_t next = i + 1 < d.list.claim_count ? claim_file(&d.list, i + 1) : MARK_NONE;
        large += is_large(&d, file);
        turns += is_large(&d, file) && is_large(&d, next) && file != next;
    }
    assert_true(large >= 6); /* of each file more than one */
    assert_true(turns >= 3); /* as many as the file with fewer claims allows */
    dealing_close(&d);
    free(bytes);
}

/* --- all workers end within a twentieth of the work --- */

enum { MANY = 4000 };

/* Units of time of a claim: a file takes 4, a KiB of stored frames 1. */
static uint64_t claim_time(const struct claim_list *list, uint32_t claim)
{
    const struct claim *c = &list->claims[claim];
    uint64_t units = 4 * ((uint64_t)list->job_first[c->end] - list->job_first[c->first]);
    for (uint32_t job = c->first; job < c->end; job++) {
        units += list->job_bytes[job] / 1024;
    }
    return units;
}

static void assert_they_end_together(const struct fixture_file *files, uint32_t count)
{
    struct dealing d;
    uint64_t ends[WORKERS] = {0};
    uint32_t pieces = 0;
    dealing_open(&d, files, count, 16384);
    for (uint32_t i = 0; i < d.list.claim_count; i++) {
        uint64_t *first = ends[1] < ends[0] ? &ends[1] : &ends[0];
        *first += claim_time(&d.list, i);
        pieces += d.list.job_first[d.list.claims[i].end] - d.list.job_first[d.list.claims[i].first];
    }
    const uint64_t last = ends[1] > ends[0] ? ends[1] : ends[0];
    assert_int_equal(pieces, d.list.piece_count); /* nothing is left out, or taken twice */
    assert_true(last - (ends[0] + ends[1] - last) <= last / 20);
    dealing_close(&d);
}

/* MANY files of bytes each, named by prefix, at files[first ...]. */
static void many_files(struct fixture_file *files, uint32_t first, char prefix, struct view content)
{
    static char names[2 * MANY][32];
    for (uint32_t i = first; i < first + MANY; i++) {
        (void)snprintf(names[i], sizeof names[i], "%c/%05u", prefix, i);
        files[i] = (struct fixture_file){.path = names[i], .content = content};
    }
}

static void test_workers_end_together(void **state)
{
    static struct fixture_file files[2 * MANY + 1];
    char *bytes = fixture_bytes(9, LARGE);
    const struct view nothing = {bytes, 0};
    const struct view little = {bytes, 700};
    const struct view much = {bytes, LARGE};
    (void)state;
    many_files(files, 0, 'b', nothing); /* only empty ones */
    assert_they_end_together(files, MANY);
    many_files(files, MANY, 'c', little); /* and small ones before them, and behind */
    assert_they_end_together(files, 2 * MANY);
    many_files(files, MANY, 'a', little);
    assert_they_end_together(files, 2 * MANY);
    files[2 * MANY] = (struct fixture_file){.path = "z", .content = much}; /* a large one last */
    assert_they_end_together(files, 2 * MANY + 1);
    assert_they_end_together(files + MANY, MANY + 1);
    files[2 * MANY].path = "0"; /* first */
    assert_they_end_together(files + MANY, MANY + 1);
    free(bytes);
}

/* A frame that small files share, with many empty ones between them. */
static void test_a_frame_is_in_one_job(void **state)
{
    static struct fixture_file files[MANY];
    static char names[MANY][32];
    char *bytes = fixture_bytes(11, 64);
    struct dealing d;
    (void)state;
    for (uint32_t i = 0; i < MANY; i++) {
        (void)snprintf(names[i], sizeof names[i], "%05u", i);
        files[i] = (struct fixture_file){.path = names[i], .content = {bytes, i % 3 == 0 ? 60 : 0}};
    }
    dealing_open(&d, files, MANY, 262144);
    const struct index_chunk *before = NULL;
    for (uint32_t job = 0; job < d.list.job_count; job++) {
        const struct index_chunk *frame = claim_frame(&d.list, job);
        if (frame != NULL) {
            assert_true(before == NULL || before->frame_offset != frame->frame_offset);
            before = frame;
        }
    }
    assert_non_null(before);
    dealing_close(&d);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large_files_are_dealt_in_turn),
        cmocka_unit_test(test_workers_end_together),
        cmocka_unit_test(test_a_frame_is_in_one_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
