/* fuzz_resume.c - what a run left in its folder for the next process, hostile: its journal beside a
 * plan, and the call that stands in it.
 *
 * Goal: refused as foreign, or every number in it is below the plan's counts. Method: the first
 * byte says what follows: a call's JSON text, a journal as it stands, or records (group, type, a
 * payload's length, a payload) for right frames; a beginning can be made that of the plan. */
#include "fuzz.h"
#include "fuzz_json.h"

#include "base/hash_map.h"
#include "plan_case.h"
#include "run/journal_content.h"
#include "run/run_call.h"

enum { FRAMED = 1, MENDED = 2, CALL = 4, TORN = 8 };

static const uint8_t plan_xxh3[16] = {1, 2, 3};
static struct planner_fixture fixture;
static struct plan *plan;

void fuzz_prepare(void)
{
    vsr_error error = {0};
    fuzz_json_never_fails();
    plan_case_load(&fixture, &plan_case_rich);
    plan = planner_fixture_plan(&fixture, &error);
    VSR_REQUIRE(plan != NULL);
}

/* Records: u8 group, u8 type, u16 payload bytes, payload. */
static void frames_render(struct buffer *out, struct view records, bool mended)
{
    struct journal_begin begin = {.version = JOURNAL_VERSION,
                                  .file_count = plan->file_count,
                                  .unit_count = plan->unit_count};
    memcpy(begin.set_uuid, plan->set_uuid.bytes, sizeof begin.set_uuid);
    memcpy(begin.plan_xxh3, plan_xxh3, sizeof begin.plan_xxh3);
    uint64_t sequence = 0;
    if (mended) {
        journal_frame(out, sequence++, JOURNAL_BEGIN, MARK_NONE, &begin, sizeof begin);
    }
    for (; records.n >= 4; sequence++) {
        const uint8_t *head = (const uint8_t *)records.p;
        const uint32_t told = head[2] + 256u * head[3];
        const uint32_t group = head[0] == UINT8_MAX ? MARK_NONE : head[0];
        records = view_skip(records, 4);
        const uint32_t bytes = told < records.n ? told : (uint32_t)records.n;
        journal_frame(out, sequence, head[1], group, records.p, bytes);
        records = view_skip(records, bytes);
    }
}

static uint64_t content_number(const struct journal_content *content, struct view bytes)
{
    uint64_t sum = 1;
    VSR_REQUIRE(content->good_bytes + content->torn_bytes == bytes.n);
    for (uint32_t i = 0; i < content->place_count; i++) {
        VSR_REQUIRE(content->places[i].directory < plan->directory_count);
        fuzz_add_number(&sum, content->places[i].directory);
    }
    for (uint32_t i = 0; i < content->base_count; i++) {
        VSR_REQUIRE(content->bases[i].file < plan->file_count);
        fuzz_add_number(&sum, content->bases[i].file);
    }
    for (uint32_t i = 0; i < content->intent_count; i++) {
        const struct publish_intent intent = journal_content_intent(content, bytes, i);
        VSR_REQUIRE(intent.unit < plan->unit_count);
        VSR_REQUIRE(intent.file == MARK_NONE || intent.file < plan->file_count);
        fuzz_add_number(&sum, intent.unit + ((uint64_t)intent.file << 32));
    }
    for (uint32_t u = 0; u < plan->unit_count; u++) {
        fuzz_add_number(&sum, content->units[u].fate);
        fuzz_add_number(&sum, content->units[u].residue + content->units[u].refusal);
        fuzz_add_text(&sum, content->units[u].detail);
        fuzz_add_number(&sum, content->units[u].rows_told ? content->units[u].rows_check : 0);
    }
    for (uint32_t i = 0; i < content->stopped_count; i++) {
        fuzz_add_text(&sum, content->stopped[i]);
    }
    for (uint32_t i = 0; i < content->asked_count; i++) {
        fuzz_add_number(&sum, content->asked[i]);
    }
    for (uint32_t i = 0; i < content->token_count; i++) {
        fuzz_add_number(&sum, hash_bytes(&content->tokens[i], sizeof content->tokens[i]));
    }
    fuzz_add_number(&sum, content->rows_told ? content->rows_check : content->asking);
    fuzz_add_text(&sum, buffer_view(&content->call));
    fuzz_add_number(&sum, content->folder_count + content->sessions);
    return sum;
}

static uint64_t journal_number(struct view bytes)
{
    struct journal_content content;
    vsr_error error = {0};
    const vsr_code rc = journal_content_read(&content, bytes, -1, plan, plan_xxh3, "p", &error);
    VSR_REQUIRE(rc == VSR_OK || rc == VSR_ERR_RUN_FOREIGN || rc == VSR_ERR_MEMORY);
    const uint64_t sum = rc == VSR_OK ? content_number(&content, bytes) : fuzz_refused(rc, &error);
    journal_content_free(&content);
    return sum;
}

static uint64_t call_number(struct view text)
{
    struct run_call call;
    vsr_error error = {0};
    uint64_t sum = 1;
    const vsr_code rc = run_call_parse(&call, text, "p", &error);
    VSR_REQUIRE(rc == VSR_OK || rc == VSR_ERR_RUN_FOREIGN || rc == VSR_ERR_MEMORY);
    if (rc == VSR_OK) {
        fuzz_add_text(&sum, call.players);
        fuzz_add_text(&sum, call.keep);
        fuzz_add_number(&sum, call.conduct.engine.workers + call.conduct.engine.memory_bytes);
        fuzz_add_text(&sum, view_of(call.conduct.bcd_out != NULL ? call.conduct.bcd_out : ""));
        for (uint32_t i = 0; i < call.chain.set_count; i++) {
            fuzz_add_text(&sum, view_of(call.chain.sets[i] != NULL ? call.chain.sets[i] : ""));
        }
        VSR_REQUIRE(call.chain.step <= call.chain.set_count);
    } else {
        sum = fuzz_refused(rc, &error);
    }
    run_call_free(&call);
    return sum;
}

uint64_t fuzz_target(const uint8_t *data, size_t size)
{
    struct buffer bytes = {0};
    if (size == 0) {
        return 1;
    }
    const struct view rest = {(const char *)data + 1, size - 1};
    if ((data[0] & CALL) != 0) {
        return call_number(rest);
    }
    fuzz_plenty(true);
    if ((data[0] & FRAMED) != 0) {
        frames_render(&bytes, rest, (data[0] & MENDED) != 0);
    } else {
        buffer_add_view(&bytes, rest);
    }
    if ((data[0] & TORN) != 0 && bytes.n > 0) {
        bytes.n -= 1 + data[0] / 16 % bytes.n;
    }
    fuzz_plenty(false);
    const uint64_t sum = journal_number(buffer_view(&bytes));
    buffer_free(&bytes);
    return sum;
}
