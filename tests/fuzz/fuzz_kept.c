/* fuzz_kept.c - a run folder as a resume, or who looks at one, finds it: rows, marks, checkpoint
 * with its notes, pieces of large files, all hostile, beside a plan and a journal that are right.
 *
 * Goal: refused as foreign, or what comes of it stays within the plan, can be told as text and as
 * JSON, and counts nothing as kept that the checks do not cover. Method: the first byte says what
 * is put right: the checks of a checkpoint's slots, those of rows' marks, the head of the pieces,
 * their words. Then come four parts, each with its length: records of the journal, checkpoint,
 * pieces, summary; what is left are the rows. */
#include "fuzz.h"
#include "fuzz_folder.h"
#include "fuzz_json.h"

#include "engine/marks.h"
#include "plan_case.h"
#include "run/inspect_run.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RIGHT_SLOTS = 1, RIGHT_ROWS = 2, RIGHT_PIECES = 4, GOES_ON = 8, ENDED = 16 };
enum { SLOT_BYTES = 512, SLOT_COUNT = 3, NOTES_AT = SLOT_COUNT * SLOT_BYTES };
enum { SEGMENT_COUNT = 3, PIECE_COUNT = 44 };

static const char CALL[] =
    "{\"bcd_out\":null,\"registry\":null,\"durability\":\"unit\",\"owner\":\"mine\","
    "\"cross_mounts\":false,\"in_place\":false,\"workers\":2,\"queue_depth\":0,\"memory\":0,"
    "\"ring\":\"auto\",\"write_mode\":\"auto\",\"discard\":false,\"profile\":false,\"asked\":[],"
    "\"failed\":[],\"services\":[],\"notes\":[],\"players\":null,\"chain\":null,"
    "\"of_plan\":false,\"salvage\":false,\"keep\":null}";

static const struct uuid of_run = {{1, 2, 3, 4, 5, 6, 0x47, 8, 0x89, 10, 11, 12, 13, 14, 15, 16}};

static struct planner_fixture fixture;
static struct plan *plan;
static uint8_t plan_xxh3[16];
static char path[256];
static int folder_fd = -1;

void fuzz_prepare(void)
{
    vsr_error error = {0};
    struct stat facts;
    fuzz_json_never_fails();
    plan_case_load(&fixture, &plan_case_rich);
    plan = planner_fixture_plan(&fixture, &error);
    VSR_REQUIRE(plan != NULL && plan->file_count > SEGMENT_COUNT);
    (void)snprintf(path, sizeof path, "%s/run", fuzz_folder_make());
    VSR_REQUIRE(mkdir(path, 0700) == 0);
    folder_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    VSR_REQUIRE(plan_save(plan, folder_fd, "plan.bin", &error) == VSR_OK);
    const int fd = openat(folder_fd, "plan.bin", O_RDONLY | O_CLOEXEC);
    VSR_REQUIRE(fd >= 0 && fstat(fd, &facts) == 0);
    VSR_REQUIRE(pread(fd, plan_xxh3, sizeof plan_xxh3, facts.st_size - 16) == 16);
    (void)close(fd);
}

/* --- the folder --- */

/* Records: u8 group, u8 type, u16 payload bytes, payload. */
static void put_journal(struct view records, bool ended)
{
    struct buffer out = {0};
    struct journal_begin begin = {.version = JOURNAL_VERSION,
                                  .file_count = plan->file_count,
                                  .unit_count = plan->unit_count};
    const struct journal_end end = {.exit_code = 0};
    struct journal_session session;
    memcpy(begin.run_uuid, of_run.bytes, sizeof begin.run_uuid);
    memcpy(begin.set_uuid, plan->set_uuid.bytes, sizeof begin.set_uuid);
    memcpy(begin.plan_xxh3, plan_xxh3, sizeof begin.plan_xxh3);
    journal_boot_id(session.boot_id);
    journal_frame(&out, 0, JOURNAL_BEGIN, MARK_NONE, &begin, sizeof begin);
    journal_frame(&out, 1, JOURNAL_CALL, MARK_NONE, CALL, sizeof CALL - 1);
    journal_frame(&out, 2, JOURNAL_SESSION, MARK_NONE, &session, sizeof session);
    uint64_t sequence = 3;
    for (; records.n >= 4; sequence++) {
        const uint8_t *head = (const uint8_t *)records.p;
        const uint32_t told = head[2] + 256u * head[3];
        const uint32_t group = head[0] == UINT8_MAX ? MARK_NONE : head[0];
        records = view_skip(records, 4);
        const uint32_t bytes = told < records.n ? told : (uint32_t)records.n;
        journal_frame(&out, sequence, head[1], group, records.p, bytes);
        records = view_skip(records, bytes);
    }
    if (ended) {
        journal_frame(&out, sequence, JOURNAL_END, MARK_NONE, &end, sizeof end);
    }
    fuzz_folder_put(folder_fd, "journal", buffer_view(&out));
    buffer_free(&out);
}

/* Epochs of the slots, then the notes; the checks are put right. */
static void slots_render(struct buffer *out, struct view text)
{
    static const char none[NOTES_AT];
    buffer_add(out, none, sizeof none);
    for (uint32_t i = 0; i < SLOT_COUNT && text.n >= sizeof(uint32_t); i++) {
        struct {
            uint64_t magic;
            uint32_t epoch, reserved;
            uint64_t check;
        } slot = {.magic = UINT64_C(0x31304B4843525356)};
        memcpy(&slot.epoch, text.p, sizeof slot.epoch);
        slot.check = hash_bytes(&slot, 16);
        memcpy(out->p + (size_t)i * SLOT_BYTES, &slot, sizeof slot);
        text = view_skip(text, sizeof slot.epoch);
    }
    buffer_add_view(out, text);
}

static void put_checkpoint(struct view text, bool right)
{
    struct buffer out = {0};
    if (right) {
        slots_render(&out, text);
    } else {
        buffer_add_view(&out, text);
    }
    if (out.n > 0) {
        fuzz_folder_put(folder_fd, "checkpoint", buffer_view(&out));
    } else {
        (void)unlinkat(folder_fd, "checkpoint", 0);
    }
    buffer_free(&out);
}

/* Segments as they are; the words behind them, of a byte each, an epoch. */
static void pieces_render(struct buffer *out, struct view text)
{
    struct {
        uint64_t magic;
        uint32_t segment_count, reserved;
        uint64_t piece_count;
    } header = {.magic = UINT64_C(0x32304B414D525356)};
    const uint64_t seed = ~hash_bytes(of_run.bytes, sizeof of_run.bytes);
    header.segment_count = text.n > 0 ? (uint8_t)text.p[0] % 8u : 0;
    text = view_skip(text, text.n > 0 ? 1 : 0);
    const size_t table = header.segment_count * sizeof(struct marks_segment);
    const struct view segments = {text.p, table < text.n ? table : text.n};
    text = view_skip(text, segments.n);
    header.piece_count = text.n;
    buffer_add(out, &header, sizeof header);
    buffer_add_view(out, segments);
    for (size_t i = 0; i < text.n; i++) { /* of the first file, as its pieces follow */
        const uint64_t word = marks_word(seed, i, 0, (uint8_t)text.p[i]);
        buffer_add(out, &word, sizeof word);
    }
}

static void put_pieces(struct view text, bool right)
{
    struct buffer out = {0};
    if (right) {
        pieces_render(&out, text);
    } else {
        buffer_add_view(&out, text);
    }
    if (out.n > 0) {
        fuzz_folder_put(folder_fd, MARKS_PIECES, buffer_view(&out));
    } else {
        (void)unlinkat(folder_fd, MARKS_PIECES, 0);
    }
    buffer_free(&out);
}

/* For each file four bytes: outcome, loss, errno, epoch; or all as it stands, and no more. */
static void put_rows(struct view text, bool right)
{
    struct buffer out = {0}, words = {0};
    const uint64_t seed = hash_bytes(of_run.bytes, sizeof of_run.bytes);
    for (uint32_t i = 0; right && i < plan->file_count; i++) {
        uint8_t told[4] = {0};
        memcpy(told, text.p, text.n < sizeof told ? text.n : sizeof told);
        text = view_skip(text, text.n < sizeof told ? text.n : sizeof told);
        const struct outcome_row row = {.outcome = told[0],
                                        .loss = told[1],
                                        .os_errno = (int8_t)told[2],
                                        .bytes = plan->files[i].size};
        const uint64_t word =
            told[3] != 0 ? marks_word(seed, i, outcome_row_content(&row), told[3]) : 0;
        buffer_add(&out, &row, sizeof row);
        buffer_add(&words, &word, sizeof word);
    }
    buffer_add_view(&out, buffer_view(&words));
    buffer_add_view(&out, right ? VIEW_NONE : text);
    fuzz_folder_put(folder_fd, "rows.bin", buffer_view(&out));
    buffer_free(&out);
    buffer_free(&words);
}

/* --- its readers --- */

static bool carry_all(void *context, uint32_t file)
{
    (void)context;
    return file != 1;
}

static uint64_t pieces_number(const struct resume *r)
{
    struct marks marks;
    vsr_error error = {0};
    uint64_t sum = 1;
    struct marks_segment segments[SEGMENT_COUNT] = {{.file = 0, .count = 3},
                                                    {.file = 1, .count = 1},
                                                    {.file = 2, .count = 40}};
    marks_init(&marks, folder_fd, run_folder_seed(&r->folder), r->folder.epochs, r->kept + 1,
               r->kept);
    VSR_REQUIRE(atomic_load(&marks.epoch) > r->kept);
    fuzz_plenty(true); /* old pieces that cannot be mapped are read again: that is no fault */
    const vsr_code rc = marks_pieces_make(&marks, segments, SEGMENT_COUNT, carry_all, NULL, &error);
    fuzz_plenty(false);
    VSR_REQUIRE(rc == VSR_OK);
    for (uint32_t i = 0; i < PIECE_COUNT; i++) {
        const uint64_t word = atomic_load(&marks.pieces[i]);
        VSR_REQUIRE((uint32_t)word <= r->kept && (word == 0 || i != 3));
        fuzz_add_number(&sum, word);
    }
    marks_fini(&marks);
    return sum;
}

/* What an earlier process noted stays until it is forgotten for good. */
static void checkpoint_turn(const struct resume *r)
{
    struct checkpoint checkpoint;
    struct marks marks;
    vsr_error error = {0};
    enum checkpoint_syncs syncs = SYNCS_GOOD;
    marks_init(&marks, folder_fd, 0, NULL, 1, 0);
    VSR_REQUIRE(checkpoint_open(&checkpoint, folder_fd, r->folder.rows_fd, &marks, &error) ==
                VSR_OK);
    VSR_REQUIRE(checkpoint_read(folder_fd, &syncs) == r->kept && syncs == r->syncs);
    checkpoint_forgive(&checkpoint);
    VSR_REQUIRE(checkpoint_read(folder_fd, &syncs) == r->kept && syncs == SYNCS_GOOD);
    checkpoint_close(&checkpoint);
}

static uint64_t going_on_number(struct resume *r)
{
    const struct checkpoint_waiting waiting = {0};
    vsr_error error = {0};
    uint64_t sum = 1;
    VSR_REQUIRE(resume_wait(r, &waiting, &error) == VSR_OK);
    fuzz_add_number(&sum, r->kept);
    fuzz_add_number(&sum, r->syncs);
    resume_prepare(r);
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        fuzz_add_number(&sum, r->done[u]);
    }
    VSR_REQUIRE(r->uncommitted_count <= plan->unit_count);
    fuzz_add_number(&sum, r->uncommitted_count + r->rows_lost + r->known.place_count);
    fuzz_add(&sum, r->folder.rows, r->folder.rows_bytes);
    checkpoint_turn(r);
    fuzz_add_number(&sum, pieces_number(r));
    return sum;
}

static uint64_t report_number(const struct resume *r)
{
    struct report report = {0};
    struct buffer out = {0};
    vsr_error error = {0};
    uint64_t sum = 1;
    const vsr_code rc = resume_report(r, &report, &error);
    VSR_REQUIRE(rc == VSR_OK || rc == VSR_ERR_RUN_FOREIGN || rc == VSR_ERR_MEMORY);
    if (rc == VSR_OK) {
        report_render_text(&report, &out);
        report_render_summary(&report, &out);
        fuzz_add_text(&sum, buffer_view(&out));
        report_free(&report);
    } else {
        sum = fuzz_refused(rc, &error);
    }
    buffer_free(&out);
    return sum;
}

/* As `inspect` and report.jsonl tell it. */
static uint64_t told_number(const struct resume *r)
{
    struct buffer out = {0};
    uint64_t sum = 1;
    inspect_run_text(r, &out);
    inspect_run_json(r, &out);
    for (uint32_t i = 0; r->done != NULL && i < plan->file_count; i++) {
        if (r->done[plan->files[i].unit] != 0) { /* others are begun anew, or held (run/held.h) */
            report_render_row(plan, &fixture.set, i, &r->folder.rows[i], &out);
        }
    }
    fuzz_add_text(&sum, buffer_view(&out));
    buffer_free(&out);
    return sum;
}

static uint64_t folder_number(bool goes_on)
{
    struct resume r;
    vsr_error error = {0};
    const vsr_code rc = resume_open(&r, path, goes_on, &error);
    VSR_REQUIRE(rc == VSR_OK || rc == VSR_ERR_RUN_FOREIGN || rc == VSR_ERR_MEMORY);
    if (rc != VSR_OK) {
        return fuzz_refused(rc, &error);
    }
    uint64_t parts[3] = {told_number(&r), 1, 1};
    if (resume_is_over(&r)) {
        parts[1] = report_number(&r);
    } else if (goes_on) {
        parts[2] = going_on_number(&r);
        parts[0] += told_number(&r);
    }
    resume_close(&r);
    return parts[1] == FUZZ_NO_MEMORY ? FUZZ_NO_MEMORY : hash_bytes(parts, sizeof parts) | 1;
}

/* The next part: u16 bytes, and so many. */
static struct view part_take(struct view *rest)
{
    uint16_t told = 0;
    memcpy(&told, rest->p, rest->n < sizeof told ? rest->n : sizeof told);
    *rest = view_skip(*rest, rest->n < sizeof told ? rest->n : sizeof told);
    const struct view part = {rest->p, told < rest->n ? told : rest->n};
    *rest = view_skip(*rest, part.n);
    return part;
}

uint64_t fuzz_target(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 1;
    }
    struct view rest = {(const char *)data + 1, size - 1};
    fuzz_plenty(true);
    put_journal(part_take(&rest), (data[0] & ENDED) != 0);
    put_checkpoint(part_take(&rest), (data[0] & RIGHT_SLOTS) != 0);
    put_pieces(part_take(&rest), (data[0] & RIGHT_PIECES) != 0);
    fuzz_folder_put(folder_fd, "summary.json", part_take(&rest));
    put_rows(rest, (data[0] & RIGHT_ROWS) != 0);
    fuzz_plenty(false);
    return folder_number((data[0] & GOES_ON) != 0);
}
